import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type CreateCache, createCache } from '../../src/common/cache.ts'
import { FAULTS, nowSeconds } from '../../testing/issuers/oidc-issuer.ts'
import {
  anAuthorizationServer,
  askedAbout,
  askerOf,
  goodAnswer,
  ISSUER,
  introspectedProvider,
  introspectionBy,
  SECRET,
  secretFile,
  TOKEN,
} from './introspecting.ts'

afterEach(() => void vi.useRealTimers())

/** Clocks alone: sockets go on. */
const withClocks = () => vi.useFakeTimers({ toFake: ['performance', 'Date'] })

const callerOf = async ({ authenticate }: Awaited<ReturnType<typeof askedAbout>>) => {
  const answer = await authenticate(TOKEN)
  return answer?.kind === 'known' ? answer.caller : undefined
}

const refusalOf = async (asking: Awaited<ReturnType<typeof askedAbout>>) => {
  const answer = await asking.authenticate(TOKEN)
  return answer?.kind === 'rejected' ? answer : undefined
}

describe('introspection', () => {
  it('asks as RFC 7662 and RFC 6749 say: a form by POST, by client credentials that are form-encoded', async () => {
    const introspection = {
      clientId: 'kserve authz:1',
      clientSecretFile: await secretFile('p+s%:ö\n'),
    }
    const { server, verdict } = await askedAbout(goodAnswer(), { introspection })

    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(server.asked).toEqual([
      {
        method: 'POST',
        url: '/introspect',
        authorization: `Basic ${btoa('kserve+authz%3A1:p%2Bs%25%3A%C3%B6')}`,
        type: 'application/x-www-form-urlencoded',
        accept: 'application/json',
        form: { token: TOKEN, token_type_hint: 'access_token' },
      },
    ])
  })

  it('makes a caller of the answer as of the claims of a JWT', async () => {
    const answer = goodAnswer({ groups: ['ml', 'ops'] })
    const caller = await callerOf(await askedAbout(answer))

    expect(caller).toMatchObject({
      kind: 'jwt',
      user: 'idp:ada',
      groups: ['idp:ml', 'idp:ops'],
      provider: 'opaque',
      audiences: ['models'],
      reference: `opaque ${ISSUER} ada`,
      claims: { client_id: 'notebooks', scope: 'openid predict', username: 'Ada' },
    })
  })

  it('names the user by another claim if configured', async () => {
    const given = { user: { claim: 'username', prefix: 'as:' }, rbac: undefined }
    expect((await callerOf(await askedAbout(goodAnswer(), given)))?.user).toBe('as:Ada')
  })

  it.each<[title: string, answer: unknown]>([
    ['the text "true"', { ...goodAnswer(), active: 'true' }],
    ['1', { ...goodAnswer(), active: 1 }],
    ['null', { ...goodAnswer(), active: null }],
    ['a list', { ...goodAnswer(), active: [true] }],
    ['absent', { ...goodAnswer(), active: undefined }],
    ['inherited', '{"__proto__": {"active": true}, "aud": "models", "sub": "ada"}'],
    ['in a list of answers', [goodAnswer()]],
    ['a text', '"active"'],
    ['nothing', 'null'],
    ['empty', ''],
    ['cut off', '{"active": true, "aud": "models", "sub": "a'],
  ])('takes no answer for a yes whose active is %s', async (_title, answer) => {
    const { verdict, problems, size } = await aside(answer)
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(problems).toEqual([expect.stringMatching(/^opaque: the answer /)])
    expect(size()).toBe(0)
  })

  it.each<[title: string, given: object, reason: string, cause: string, claim?: string]>([
    ['is not active', { active: false }, 'invalid-token', 'inactive'],
    ['is of another issuer', { iss: `${ISSUER}/` }, 'unknown-issuer', 'unknown-issuer', 'iss'],
    [
      'has an issuer that is not text',
      { iss: [ISSUER] },
      'unknown-issuer',
      'unknown-issuer',
      'iss',
    ],
    ['is for another audience', { aud: ['other'] }, 'wrong-audience', 'wrong-audience', 'aud'],
    ['is for no audience', { aud: undefined }, 'wrong-audience', 'wrong-audience', 'aud'],
    ['has expired', { exp: nowSeconds() - 61 }, 'expired-token', 'expired', 'exp'],
    ['has an end that is text', { exp: '99999999999' }, 'invalid-token', 'time-claim', 'exp'],
    ['is not valid yet', { nbf: nowSeconds() + 900 }, 'invalid-token', 'not-yet-valid', 'nbf'],
    [
      'is issued in the future',
      { iat: nowSeconds() + 900 },
      'invalid-token',
      'not-yet-valid',
      'iat',
    ],
    ['is bound to a key', { cnf: { jkt: 'x' } }, 'invalid-token', 'bound-to-key', 'cnf'],
    ['is no bearer token', { token_type: 'DPoP' }, 'invalid-token', 'type', 'token_type'],
    [
      'has a type that is not text',
      { token_type: ['Bearer'] },
      'invalid-token',
      'type',
      'token_type',
    ],
    ['is a refresh token', { token_type: 'refresh_token' }, 'invalid-token', 'type', 'token_type'],
    ['is used to refresh', { token_use: 'refresh_token' }, 'invalid-token', 'type', 'token_use'],
    ['is a Refresh of Keycloak', { typ: 'Refresh' }, 'invalid-token', 'type', 'typ'],
    ['has a reserved name', { groups: ['x'] }, 'invalid-token', 'reserved-name', 'groups'],
    ['has a user that is not text', { sub: 7 }, 'invalid-token', 'no-user', 'sub'],
  ])('refuses a token that %s', async (_title, given, reason, cause, claim) => {
    const rbac = {
      username: { claim: 'sub', prefix: 'idp:' },
      groups: { claim: 'groups', prefix: 'system:' },
    }
    const refusal = { cause, ...(claim === undefined ? {} : { claim }) }
    const provider = { provider: 'opaque', issuer: ISSUER }
    expect(await refusalOf(await askedAbout(goodAnswer(given), { rbac }))).toEqual({
      kind: 'rejected',
      reason,
      refusal: { ...refusal, ...provider },
    })
  })

  it.each<[title: string, given: object]>([
    ['names no issuer, no end, no type', { iss: undefined, exp: undefined, token_type: undefined }],
    ['has null for each of them', { iss: null, exp: null, nbf: null, token_type: null, typ: null }],
    ['has an audience among others', { aud: ['account', 'models'] }],
    ['ended within the skew of the clocks', { exp: nowSeconds() - 10 }],
    ['begins within the skew of the clocks', { nbf: nowSeconds() + 50, iat: nowSeconds() + 50 }],
    ['is a bearer token in capitals', { token_type: 'BEARER' }],
    ['is of type access_token', { token_type: 'access_token' }],
  ])('accepts a token that %s', async (_title, given) => {
    const { verdict } = await askedAbout(goodAnswer(given))
    expect(await verdict(TOKEN)).toBe('idp:ada')
  })

  it('takes the audience from another claim, and asks for further claims', async () => {
    const given = { audiences: ['notebooks'], audienceClaim: 'client_id' }
    const good = await askedAbout(goodAnswer({ aud: undefined }), given)
    expect(await good.verdict(TOKEN)).toBe('idp:ada')
    const requiredClaims = new Map([['scope', ['admin']]])
    const other = await askedAbout(goodAnswer(), { ...given, requiredClaims })
    expect((await refusalOf(other))?.refusal).toMatchObject({
      cause: 'required-claim',
      claim: 'scope',
    })
  })
})

/** Beside what the server is asked, the size of the caches. */
async function aside(answer: unknown) {
  const asking = await askedAbout(answer)
  return { ...asking, size: () => asking.cacheCounts().entries }
}

describe('an answer', () => {
  it('is asked for once by many who wait', async () => {
    const { server, verdict, cacheCounts } = await askedAbout(goodAnswer())
    const release = server.hold()
    const verdicts = ['team', 'other', 'team', 'third'].map((each) => verdict(TOKEN, askerOf(each)))
    await expect.poll(server.held).toBe(1)
    release()
    expect(await Promise.all(verdicts)).toEqual(['idp:ada', 'idp:ada', 'idp:ada', 'idp:ada'])
    expect(server.asked).toHaveLength(1)
    expect(cacheCounts()).toEqual({ entries: 1, hits: 0, misses: 4 })
    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(cacheCounts()).toEqual({ entries: 1, hits: 1, misses: 4 })
  })

  it('counts for a minute at most, and a revoked token is refused then', async () => {
    withClocks()
    const { server, verdict } = await askedAbout(goodAnswer(), {}, { periods: { aheadMs: 0 } })
    await verdict(TOKEN)
    server.say({})
    vi.advanceTimersByTime(59_990)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(server.asked).toHaveLength(1)
    vi.advanceTimersByTime(11)
    expect(await verdict(TOKEN)).toBe('invalid-token')
    expect(server.asked).toHaveLength(2)
  })

  it('counts until the token expires, and no longer', async () => {
    withClocks()
    vi.setSystemTime(1_700_000_000_000)
    const { server, verdict } = await askedAbout(goodAnswer({ exp: 1_700_000_010 }))
    await verdict(TOKEN)
    vi.advanceTimersByTime(9_990)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    server.say({})
    vi.advanceTimersByTime(11)
    expect(await verdict(TOKEN)).toBe('invalid-token')
    expect(server.asked).toHaveLength(2)
  })

  it('counts for a second if the clock of the issuer is behind', async () => {
    withClocks()
    vi.setSystemTime(1_700_000_000_000)
    const { server, verdict } = await askedAbout(goodAnswer({ exp: 1_699_999_970 }))
    for (const ms of [0, 990, 11, 0]) {
      vi.advanceTimersByTime(ms)
      expect(await verdict(TOKEN)).toBe('idp:ada')
    }
    expect(server.asked).toHaveLength(2)
  })

  it('is refreshed before its end if the token is in use, and nobody waits for that', async () => {
    withClocks()
    const { server, verdict } = await askedAbout(goodAnswer())
    await verdict(TOKEN)
    vi.advanceTimersByTime(46_000)
    const release = server.hold()
    expect(await verdict(TOKEN)).toBe('idp:ada')
    await expect.poll(server.held).toBe(1)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    server.say({})
    release()
    vi.advanceTimersByTime(13_000)
    expect(server.asked).toHaveLength(2)
  })

  it('of a refresh that says no counts at once', async () => {
    withClocks()
    const { server, verdict } = await askedAbout(goodAnswer())
    await verdict(TOKEN)
    server.say({})
    vi.advanceTimersByTime(46_000)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    await expect.poll(() => verdict(TOKEN)).toBe('invalid-token')
    expect(server.asked).toHaveLength(2)
  })

  it('that says no counts for five seconds', async () => {
    withClocks()
    const { server, verdict } = await askedAbout({ active: false })
    await verdict(TOKEN)
    server.say({ [TOKEN]: goodAnswer() })
    vi.advanceTimersByTime(4_990)
    expect(await verdict(TOKEN)).toBe('invalid-token')
    vi.advanceTimersByTime(11)
    expect(await verdict(TOKEN)).toBe('idp:ada')
  })

  it('that says no takes no place of one that says yes, and they are bounded', async () => {
    const small: CreateCache = ({ entries, bytes }) =>
      createCache({ entries: entries / 1_000, bytes })
    const { verdict, cacheCounts, server } = await askedAbout(
      goodAnswer(),
      {},
      { createCache: small },
    )
    await verdict(TOKEN)
    for (let index = 0; index < 20; index += 1) await verdict(`unknown-${index}`)
    expect(cacheCounts().entries).toBe(3)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(server.asked).toHaveLength(21)
  })
})

describe('an authorization server that fails', () => {
  it.each(Object.keys(FAULTS))(
    'with %s denies as unavailable, and says nothing of it',
    async (name) => {
      const fault = Object.entries(FAULTS).find(([each]) => each === name)?.[1]
      const limits = { callMs: 1_000 }
      const { server, verdict, problems } = await askedAbout(goodAnswer(), {}, { limits })
      server.fail(fault)
      expect(await verdict(TOKEN)).toBe('authentication-unavailable')
      expect(problems).toHaveLength(1)
      expect(problems[0]).not.toMatch(/marker/)
      server.fail(undefined)
      await expect.poll(() => verdict(TOKEN)).toBe('idp:ada')
    },
  )

  it.each([301, 302, 303, 307, 308])(
    'is not followed where it redirects with %i',
    async (status) => {
      const elsewhere = await anAuthorizationServer({ [TOKEN]: goodAnswer() })
      const { server, verdict, problems } = await askedAbout(goodAnswer())
      server.fail((response) => response.writeHead(status, { location: elsewhere.url }).end())
      expect(await verdict(TOKEN)).toBe('authentication-unavailable')
      expect(problems).toEqual([`opaque: the issuer answered with status ${status}`])
      expect(elsewhere.asked).toEqual([])
    },
  )

  it('that refuses the client credentials is reported as such', async () => {
    const { server, verdict, problems } = await askedAbout(goodAnswer())
    server.fail((response) => response.writeHead(401).end(`{"hint": "${SECRET}"}`))
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(problems).toEqual(['opaque: the issuer refuses the client credentials with status 401'])
  })

  it('leaves what is known, for a minute, and gets questions again once it is back', async () => {
    withClocks()
    const { server, verdict, problems, calls } = await askedAbout(goodAnswer())
    await verdict(TOKEN)
    await server.stop()
    vi.advanceTimersByTime(59_000)
    expect(await verdict(TOKEN)).toBe('idp:ada')
    await expect.poll(() => problems).toHaveLength(1)
    // A connection that was open is reset.
    const unreachable = /^opaque: the issuer cannot be reached \(ECONN(?:REFUSED|RESET)\)$/
    expect(problems).toEqual([expect.stringMatching(unreachable)])
    vi.advanceTimersByTime(1_000)
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(calls).toEqual(['introspection success', 'introspection error', 'introspection error'])
    await server.restart()
    expect(await verdict(TOKEN)).toBe('idp:ada')
  })

  it('is not asked for a while after several failures in a row', async () => {
    const limits = { tolerated: 2, firstRestMs: 60_000, longestRestMs: 60_000 }
    const { server, verdict } = await askedAbout(goodAnswer(), {}, { limits })
    server.fail(FAULTS['a status of 500'])
    for (let times = 0; times < 10; times += 1) {
      expect(await verdict(`${TOKEN}-${times}`)).toBe('authentication-unavailable')
    }
    expect(server.asked).toHaveLength(3)
  })

  it('by a status about one token is asked about the next', async () => {
    const limits = { tolerated: 2, firstRestMs: 60_000, longestRestMs: 60_000 }
    const { server, verdict } = await askedAbout(goodAnswer(), {}, { limits })
    server.fail((response) => response.writeHead(400).end())
    for (let times = 0; times < 10; times += 1) await verdict(`${TOKEN}-${times}`)
    server.fail(undefined)
    expect(await verdict(TOKEN)).toBe('idp:ada')
  })

  it('is given the time that it asks for', async () => {
    const { server, verdict } = await askedAbout(
      goodAnswer(),
      {},
      { limits: { longestRestMs: 60_000 } },
    )
    server.fail((response) => response.writeHead(503, { 'retry-after': '30' }).end())
    await verdict(TOKEN)
    server.fail(undefined)
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(server.asked).toHaveLength(1)
  })

  it('reads an answer up to its bound, and no more', async () => {
    const { verdict, problems } = await askedAbout(goodAnswer({ note: 'x'.repeat(65_536) }))
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(problems).toEqual(['opaque: the answer is larger than 65536 bytes'])
    const good = await askedAbout(goodAnswer({ note: 'x'.repeat(60_000) }))
    expect(await good.verdict(TOKEN)).toBe('idp:ada')
  })
})

describe('the secret of the client', () => {
  it('is read again for each call', async () => {
    const clientSecretFile = await secretFile('old')
    const { server, verdict } = await askedAbout(goodAnswer(), {
      introspection: { clientSecretFile },
    })
    await verdict('first')
    await writeFile(clientSecretFile, 'new\r\n')
    await verdict('second')
    expect(server.asked.map(({ authorization }) => atob(authorization?.slice(6) ?? ''))).toEqual([
      'kserve-authz:old',
      'kserve-authz:new',
    ])
  })

  it.each<[title: string, content: string, problem: string]>([
    ['is empty', '\n', 'opaque: the file of the client secret is empty'],
    ['is too long', SECRET.repeat(1_000), 'opaque: the client secret is over 8192 bytes'],
  ])('that %s is reported, and the server is not asked', async (_title, content, problem) => {
    const introspection = { clientSecretFile: await secretFile(content) }
    const { server, verdict, problems } = await askedAbout(goodAnswer(), { introspection })
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(problems).toEqual([problem])
    expect(server.asked).toEqual([])
  })

  it('that is gone is reported with its path', async () => {
    const clientSecretFile = await secretFile()
    await rm(clientSecretFile)
    const { verdict, problems } = await askedAbout(goodAnswer(), {
      introspection: { clientSecretFile },
    })
    expect(await verdict(TOKEN)).toBe('authentication-unavailable')
    expect(problems).toEqual([expect.stringContaining(`ENOENT: no such file or directory`)])
  })
})

describe('the budget of introspection', () => {
  const few = { burst: 2, perSecond: 0 }
  const large = { burst: 100, perSecond: 0 }

  it.each([
    ['service', { perService: few, perTenant: large, perProxy: large, inAll: large }],
    ['tenant', { perService: large, perTenant: few, perProxy: large, inAll: large }],
    ['proxy', { perService: large, perTenant: large, perProxy: few, inAll: large }],
    ['all', { perService: large, perTenant: large, perProxy: large, inAll: few }],
  ])('of a %s bounds the questions, and what is known needs none', async (name, allowances) => {
    const { server, verdict, sheds } = await askedAbout(goodAnswer(), {}, { allowances })
    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(await verdict('one')).toBe('invalid-token')
    expect(await verdict('two')).toBe('overloaded')
    expect(sheds).toEqual([`introspection-${name}`])
    expect(await verdict(TOKEN)).toBe('idp:ada')
    expect(await verdict('one')).toBe('invalid-token')
    expect(server.asked).toHaveLength(2)
  })

  it('of one provider is not that of another', async () => {
    const allowances = { perService: few, perTenant: few, perProxy: few, inAll: few }
    const server = await anAuthorizationServer()
    const { verdict } = introspectionBy(
      [
        await introspectedProvider(server.url, { name: 'a', tokenPrefixes: ['a_'] }),
        await introspectedProvider(server.url, { name: 'b', tokenPrefixes: ['b_'] }),
      ],
      { allowances },
    )
    for (const token of ['a_1', 'a_2']) expect(await verdict(token)).toBe('invalid-token')
    expect(await verdict('a_3')).toBe('overloaded')
    expect(await verdict('b_1')).toBe('invalid-token')
  })

  it('is taken from once by many who wait for one answer', async () => {
    const allowances = { perService: few, perTenant: few, perProxy: few, inAll: few }
    const { server, verdict } = await askedAbout(goodAnswer(), {}, { allowances })
    const release = server.hold()
    const verdicts = Array.from({ length: 9 }, () => verdict(TOKEN))
    await expect.poll(server.held).toBe(1)
    release()
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['idp:ada']))
    expect(await verdict('other')).toBe('invalid-token')
    expect(server.asked).toHaveLength(2)
  })

  it('leaves a service its turn beside many questions of another', async () => {
    const limits = { running: 1, waiting: 10, waitingPerKey: 3, patienceMs: 60_000 }
    const { server, verdict, sheds } = await askedAbout(goodAnswer(), {}, { limits })
    const release = server.hold()
    const flood = Array.from({ length: 10 }, (_, index) => verdict(`flood-${index}`))
    const own = verdict(TOKEN, askerOf('other'))
    await expect.poll(server.held).toBe(1)
    release()
    expect(await own).toBe('idp:ada')
    await Promise.all(flood)
    expect(sheds).toEqual(Array.from({ length: 6 }, () => 'introspection-queue'))
    const order = server.asked.map(({ form }) => form.token)
    expect(order.indexOf(TOKEN)).toBeLessThanOrEqual(2)
  })
})

it('a client that goes away before its answer leaves nothing behind', async () => {
  const server = createServer((_request, response) => void response.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { verdict, problems } = introspectionBy([
    await introspectedProvider(`http://127.0.0.1:${port}/`),
  ])
  expect(await verdict(TOKEN)).toBe('authentication-unavailable')
  expect(problems).toEqual(['opaque: the issuer cannot be reached (ECONNRESET)'])
  server.close()
})
