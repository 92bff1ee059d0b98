import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/access/caller.ts'
import {
  allow,
  type CredentialPlace,
  DENY_REASONS,
  type Decision,
  deny,
  OPEN,
} from '../../src/access/decision.ts'
import { DENIALS, DIALECTS } from '../../src/envoy/denials.ts'
import { messageOf } from '../../src/envoy/dialect.ts'
import { createEncode, type EncodingContext } from '../../src/envoy/encode.ts'
import { encodeAllow } from '../../src/envoy/encode-allow.ts'
import type { DecodedCheckResponse } from '../../src/envoy/messages.ts'
import { decodeCheckResponse, encodeCheckResponse } from '../../src/envoy/protocol.ts'
import { aCaller, anyText, aService } from '../../testing/builders.ts'
import { denialIn, headersIn, isAllowed } from '../../testing/envoy/check-client.ts'

const USER = 'x-auth-request-user'
const GROUPS = 'x-auth-request-groups'
const CREDENTIAL = 'x-auth-request-credential'
const EMAIL = 'kubeflow-userid'
const NAMES = [USER, GROUPS, CREDENTIAL, EMAIL]
const HEADERS = { user: USER, groups: GROUPS, credential: CREDENTIAL, claims: { [EMAIL]: 'email' } }

const encode = createEncode({ headers: HEADERS, realm: 'kubernetes-user', random: () => 0 })

const asked = (given: Partial<EncodingContext> = {}): EncodingContext => ({
  dialect: 'plain',
  underscored: [],
  cookie: undefined,
  service: undefined,
  caller: undefined,
  ...given,
})

const onTheWire = (decision: Decision, given: Partial<EncodingContext> = {}) =>
  decodeCheckResponse(encode(decision, asked(given)))

const header = (name: string): CredentialPlace => ({ kind: 'header', name })
const cookie = (name: string): CredentialPlace => ({ kind: 'cookie', name })

/** The effect on the model's request: each header that is set, and the names of removed ones. */
const changesIn = ({ ok_response: ok }: DecodedCheckResponse) => ({
  set: Object.fromEntries(headersIn(ok?.headers)),
  removed: ok?.headers_to_remove ?? [],
})

/** Every text of a message, names and values alike. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe('on the wire', () => {
  it.each(DENY_REASONS)('%s is a denial in every dialect', (reason) => {
    for (const dialect of DIALECTS) {
      const response = onTheWire(deny(reason), { dialect })
      const { code, httpStatus } = denialIn(response)
      expect(Number.isInteger(code) && code !== 0).toBe(true)
      expect(isAllowed(response)).toBe(false)
      expect([401, 403, 500, 503]).toContain(httpStatus)
      expect(httpStatus).toBe(DENIALS[reason].httpStatus)
      expect(response).not.toHaveProperty('ok_response')
    }
  })

  it.each(DENY_REASONS)('%s contains its phrase, and only printable ASCII', (reason) => {
    for (const dialect of DIALECTS) {
      const response = onTheWire(deny(reason), { dialect })
      expect(denialIn(response).headers['x-ext-auth-reason']).toBe(DENIALS[reason].phrase)
      expect(textsIn(response).filter((text) => !/^[\x20-\x7e]*$/.test(text))).toEqual([])
    }
  })

  it.each(DENY_REASONS)('%s has a challenge if and only if it is a 401', (reason) => {
    for (const dialect of DIALECTS) {
      const { httpStatus, headers } = denialIn(onTheWire(deny(reason), { dialect }))
      const challenge =
        reason === 'missing-credential'
          ? 'Bearer realm="kubernetes-user"'
          : 'Bearer realm="kubernetes-user", error="invalid_token"'
      expect(headers['www-authenticate']).toBe(httpStatus === 401 ? challenge : undefined)
    }
  })

  it.each(DENY_REASONS)('%s has a retry delay if and only if it is a 503', (reason) => {
    for (const dialect of DIALECTS) {
      const { httpStatus, headers } = denialIn(onTheWire(deny(reason), { dialect }))
      if (httpStatus === 503) expect(headers['retry-after']).toMatch(/^[1-9][0-9]*$/)
      else expect(headers).not.toHaveProperty('retry-after')
    }
  })

  it.each([
    'authentication-unavailable',
    'authorization-unavailable',
    'not-synced',
    'overloaded',
    'deadline-exceeded',
  ] as const)('%s gives different retry delays, of at most three seconds', (reason) => {
    let drawn = 0
    const jittered = createEncode({
      headers: HEADERS,
      realm: 'kubernetes-user',
      random: () => (drawn++ % 6) / 6,
    })
    const waits = Array.from({ length: 6 }, () => {
      const bytes = jittered(deny(reason), asked())
      return denialIn(decodeCheckResponse(bytes)).headers['retry-after']
    })
    expect(waits).toEqual(['1', '1', '2', '2', '3', '3'])
  })

  it.each(DENY_REASONS)(
    '%s has a page with its message, which runs and loads nothing',
    (reason) => {
      const { headers, body } = denialIn(onTheWire(deny(reason), { dialect: 'html' }))
      const message = messageOf('html', DENIALS[reason])
      const escaped = message.replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      })
      expect(body).toMatch(/^<!doctype html><html lang="en"><head><meta charset="utf-8">/)
      expect(body).toContain(`<p>${escaped}</p>`)
      const tags = [...(body ?? '').matchAll(/<([^> ]+)/g)].map(([, tag]) => tag)
      expect(new Set(tags)).toEqual(
        new Set([
          '!doctype',
          'html',
          'head',
          'meta',
          'title',
          '/title',
          '/head',
          'body',
          'h1',
          '/h1',
          'p',
          '/p',
          '/body',
          '/html',
        ]),
      )
    },
  )

  it('a page has nothing of the request, and is the same for all', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DENY_REASONS),
        fc.record({
          requestId: fc.stringMatching(/^[A-Za-z0-9._:=@+/-]{1,128}$/),
          origin: anyText(20),
          cookie: anyText(20),
          underscored: fc.array(anyText(8)),
        }),
        (reason, given) => {
          const page = (own: Partial<EncodingContext>) =>
            denialIn(onTheWire(deny(reason), { dialect: 'html', ...own })).body
          expect(page(given)).toBe(page({}))
        },
      ),
    )
  })

  it.each(DENY_REASONS)('%s has a body with its message, in JSON except for gRPC', (reason) => {
    for (const dialect of DIALECTS) {
      if (dialect === 'html') continue
      const { headers, body = '' } = denialIn(onTheWire(deny(reason), { dialect }))
      const message = messageOf(dialect, DENIALS[reason])
      expect(headers['content-type']).toBe(dialect === 'grpc' ? undefined : 'application/json')
      expect(dialect === 'grpc' ? [body] : textsIn(JSON.parse(body))).toContain(message)
    }
  })

  it.each(DENY_REASONS)('%s quotes the id of the request in headers', (reason) => {
    for (const dialect of DIALECTS) {
      const without = denialIn(onTheWire(deny(reason), { dialect }))
      const { headers, body, ...rest } = denialIn(
        onTheWire(deny(reason), { dialect, requestId: 'Root=1-67891233-abcdef' }),
      )
      const ids = dialect === 'anthropic' ? ['x-request-id', 'request-id'] : ['x-request-id']
      expect(headers).toEqual({
        ...without.headers,
        ...Object.fromEntries(ids.map((name) => [name, 'Root=1-67891233-abcdef'])),
      })
      expect({ ...rest }).toEqual({ code: without.code, httpStatus: without.httpStatus })
      if (dialect !== 'anthropic') expect(body).toBe(without.body)
      else expect(JSON.parse(body ?? '')).toMatchObject({ request_id: 'Root=1-67891233-abcdef' })
    }
  })

  it("a denial is encoded as the codec of Envoy's messages encodes it", () => {
    for (const reason of DENY_REASONS) {
      for (const dialect of DIALECTS) {
        for (const requestId of [undefined, 'r', 'r'.repeat(128)]) {
          const bytes = encode(deny(reason), asked({ dialect, requestId }))
          const { headers = [], body = '' } = decodeCheckResponse(bytes).denied_response ?? {}
          const { code, httpStatus } = DENIALS[reason]
          const again = encodeCheckResponse({
            status: { code },
            denied_response: { status: { code: httpStatus }, headers, body },
          })
          expect(bytes.subarray(0, again.length).equals(again)).toBe(true)
        }
      }
    }
  })

  it("an allow is encoded as the codec of Envoy's messages encodes it", () => {
    const places = fc.subarray([
      header('authorization'),
      header('x-api-key'),
      cookie('token'),
      { kind: 'subprotocol' as const, name: 'base64url.bearer.' },
    ])
    const person = fc.record({
      user: anyText(40),
      groups: fc.array(anyText(20)),
      claims: fc.record({ email: anyText(40) }),
    })
    const given = fc.record({
      underscored: fc.subarray(['x_auth_request_user', 'kubeflow_userid', 'other_name']),
      cookie: fc.constantFrom(undefined, '', 'a=b; token=c', 'token=c', 'a=\u00e4; token=c'),
      offered: fc.constantFrom(undefined, 'chat', 'base64url.bearer.abc, chat'),
      service: fc.constantFrom(undefined, aService(), aService({ name: 'n'.repeat(200) })),
    })
    fc.assert(
      fc.property(person, places, given, (told, consumed, asking) => {
        const caller = aCaller(told)
        for (const decision of [OPEN, allow(caller), allow(caller, consumed)]) {
          const bytes = encode(decision, asked({ ...asking, caller }))
          const { ok_response: changes = {}, dynamic_metadata } = decodeCheckResponse(bytes)
          const again = encodeCheckResponse({
            status: { code: 0 },
            ok_response: changes,
            ...(dynamic_metadata === undefined ? {} : { dynamic_metadata }),
          })
          expect(bytes.equals(again)).toBe(true)
        }
      }),
    )
  })

  it('a header that is not ASCII is set and removed as it is', () => {
    for (const [name, value] of [
      ['x-\u00e4', 'b'],
      ['x-a', '\u010a'],
      ['x-\u{1f511}', '\u{1f511}'],
    ] as const) {
      const bytes = Buffer.from(encodeAllow([[name, value]], [name]), 'latin1')
      const response = decodeCheckResponse(bytes)
      expect(isAllowed(response)).toBe(true)
      expect(changesIn(response)).toEqual({ set: { [name]: value }, removed: [name] })
    }
  })

  it('a denial sets no header twice, and none that frames a message', () => {
    for (const reason of DENY_REASONS) {
      const names = headersIn(onTheWire(deny(reason)).denied_response?.headers).map(
        ([name]) => name,
      )
      expect(new Set(names).size).toBe(names.length)
      expect(names.filter((name) => /^(:|grpc-|content-length|transfer)/.test(name))).toEqual([])
    }
  })

  it('a denial depends only on the dialect of the request', () => {
    const odd = { underscored: ['x_auth_request_user'], cookie: 'a=b' }
    for (const reason of DENY_REASONS) {
      expect(onTheWire(deny(reason), odd)).toEqual(onTheWire(deny(reason)))
    }
  })

  it('the realm is the configured one', () => {
    const other = createEncode({ headers: HEADERS, realm: 'models' })
    const response = decodeCheckResponse(other(deny('missing-credential'), asked()))
    expect(denialIn(response).headers['www-authenticate']).toBe('Bearer realm="models"')
  })

  it.each<[title: string, Decision]>([
    ['of an open service', OPEN],
    ['of a caller', allow(aCaller())],
    ['of a caller whose credential is removed', allow(aCaller(), [header('authorization')])],
  ])('an allow %s is an allow, and never the empty message', (_title, decision) => {
    const response = onTheWire(decision)
    expect(response.status).toEqual({ code: 0 })
    expect(response).not.toHaveProperty('denied_response')
    expect(response).toHaveProperty('ok_response')
    expect(encode(decision, asked()).length).toBeGreaterThan(0)
  })
})

describe('for a page of another origin', () => {
  const APP = 'https://app.example.com'
  const crossing = createEncode({
    headers: HEADERS,
    realm: 'kubernetes-user',
    cors: {
      origins: [APP, 'http://localhost:3000'],
      headers: ['authorization', 'x-a'],
      maxAge: 60,
    },
    random: () => 0,
  })
  const toldTo = (decision: Decision, given: Partial<EncodingContext>) =>
    denialIn(decodeCheckResponse(crossing(decision, asked(given))))
  const corsIn = (headers: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-|^vary/.test(name)))

  it.each(DENY_REASONS)('%s can be read, with its reason and request id', (reason) => {
    for (const dialect of DIALECTS) {
      const given = { dialect, requestId: 'r-1' }
      const { headers, ...rest } = toldTo(deny(reason), { ...given, origin: APP })
      const usual = denialIn(onTheWire(deny(reason), given))
      expect({ ...rest, headers }).toEqual({
        ...usual,
        headers: {
          ...usual.headers,
          'access-control-allow-origin': APP,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers':
            'x-ext-auth-reason, x-request-id, request-id, www-authenticate, retry-after',
          vary: 'origin',
        },
      })
    }
  })

  it.each([
    undefined,
    'null',
    'https://evil.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.com',
    `${APP},https://evil.example.com`,
    '*',
  ])('%s, which is not configured, a denial cannot be read', (origin) => {
    for (const preflight of [false, true]) {
      const answer = toldTo(deny('missing-credential'), { origin, preflight })
      expect(answer.httpStatus).toBe(401)
      expect(corsIn(answer.headers)).toEqual({})
    }
  })

  it.each(DENY_REASONS)(
    'its preflight request that is denied as %s is answered by rule',
    (reason) => {
      const bytes = crossing(
        deny(reason),
        asked({ origin: APP, preflight: true, requestId: 'r-1' }),
      )
      const response = decodeCheckResponse(bytes)
      expect(isAllowed(response)).toBe(false)
      expect(response.status?.code).toBe(7)
      expect(denialIn(response)).toEqual({
        code: 7,
        httpStatus: 204,
        body: undefined,
        headers: {
          'access-control-allow-origin': APP,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'authorization, x-a',
          'access-control-max-age': '60',
          vary: 'origin',
          'x-request-id': 'r-1',
        },
      })
    },
  )

  it('any origin may read denials, but not with the cookies of its user', () => {
    const open = createEncode({
      headers: HEADERS,
      realm: 'a',
      cors: { origins: ['*', APP], headers: [], maxAge: 0 },
    })
    const corsOf = (origin: string, preflight: boolean) =>
      corsIn(
        denialIn(decodeCheckResponse(open(deny('internal'), asked({ origin, preflight })))).headers,
      )
    for (const preflight of [false, true]) {
      const other = corsOf('https://other.example.com', preflight)
      expect(other['access-control-allow-origin']).toBe('*')
      expect(other).not.toHaveProperty('access-control-allow-credentials')
      expect(corsOf(APP, preflight)).toMatchObject({
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
      })
    }
  })

  it('an allow is the same as for any client', () => {
    const given = { origin: APP, preflight: true }
    expect(crossing(OPEN, asked(given))).toEqual(encode(OPEN, asked()))
  })
})

describe('the model receives the identity of the caller', () => {
  it('as user, groups and credential kind', () => {
    const caller = aCaller({ user: 'alice', groups: ['gold', 'beta'], kind: 'api-key' })
    expect(changesIn(onTheWire(allow(caller)))).toEqual({
      set: { [USER]: 'alice', [GROUPS]: 'gold,beta', [CREDENTIAL]: 'api-key' },
      removed: [EMAIL],
    })
  })

  it('in headers that overwrite, whichever field a release of Envoy reads', () => {
    const options = onTheWire(allow(aCaller())).ok_response?.headers ?? []
    expect(options).toHaveLength(3)
    for (const option of options) {
      expect(option.append).toEqual({ value: false })
      expect(option.append_action).toBe(2)
      expect(option.header).not.toHaveProperty('raw_value')
    }
  })

  it.each([
    ['with a comma', 'a,b', 'a%2Cb'],
    ['with a line feed', 'a\nx-admin: 1', 'a%0Ax-admin: 1'],
    ['with CR LF', 'a\r\nx-admin: 1', 'a%0D%0Ax-admin: 1'],
    ['with a NUL', 'a\0', 'a%00'],
    ['with a tab', 'a\tb', 'a%09b'],
    ['with an accent', 'équipe', '%C3%A9quipe'],
    ['with an emoji', '🦊', '%F0%9F%A6%8A'],
    ['with a percent sign', '100%', '100%25'],
    ['that is already encoded', 'a%2Cb', 'a%252Cb'],
    ['with spaces at its ends', ' a b ', '%20a b%20'],
    ['of an LDAP directory', 'CN=ml,OU=groups,DC=acme', 'CN=ml%2COU=groups%2CDC=acme'],
  ])('and a group %s, encoded', (_title, group, shown) => {
    const caller = aCaller({ groups: ['first', group, 'last'] })
    expect(changesIn(onTheWire(allow(caller))).set[GROUPS]).toBe(`first,${shown},last`)
  })

  it.each([
    ['with half a surrogate pair', '\ud800'],
    ['without characters', ''],
  ])('but not a group %s', (_title, group) => {
    const caller = aCaller({ groups: ['first', group, 'last'] })
    expect(changesIn(onTheWire(allow(caller))).set[GROUPS]).toBe('first,last')
  })

  it('all groups in a second header, as JSON in ASCII', () => {
    const name = 'x-auth-request-groups-json'
    const both = createEncode({ headers: { ...HEADERS, groupsJson: name }, realm: 'a' })
    const groups = ['CN=ml,OU=groups', 'équipe', '🦊', '"', '\ud800', '']
    const { set } = changesIn(decodeCheckResponse(both(allow(aCaller({ groups })), asked())))
    expect(set[name]).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(set[name] ?? '')).toEqual(groups)

    const none = decodeCheckResponse(both(allow(aCaller({ groups: [] })), asked()))
    expect(changesIn(none).removed).toContain(name)
  })

  it("no group header if there are none, and the client's is removed", () => {
    for (const groups of [[], ['']]) {
      const { set, removed } = changesIn(onTheWire(allow(aCaller({ groups }))))
      expect(set).not.toHaveProperty(GROUPS)
      expect(removed).toEqual([GROUPS, EMAIL])
    }
  })

  it.each([
    ['that is empty', ''],
    ['that is half a surrogate pair', '\ud800'],
    ['that is too long', 'a'.repeat(16_385)],
  ])("but not a user %s, and the client's is removed", (_title, user) => {
    const { set, removed } = changesIn(onTheWire(allow(aCaller({ user }))))
    expect(set).not.toHaveProperty(USER)
    expect(removed).toContain(USER)
  })

  it.each([
    ['with a line feed', 'alice\nx-admin: 1', 'alice%0Ax-admin: 1'],
    ['with CR LF', 'alice\r\nset-cookie: a=b', 'alice%0D%0Aset-cookie: a=b'],
    ['with a NUL', 'alice\0', 'alice%00'],
    ['that is not ASCII', 'jürgen', 'j%C3%BCrgen'],
    ['that is already encoded', 'j%C3%BCrgen', 'j%25C3%25BCrgen'],
    ['with a comma', 'a,b', 'a,b'],
  ])('and a user %s, encoded', (_title, user, shown) => {
    expect(changesIn(onTheWire(allow(aCaller({ user })))).set[USER]).toBe(shown)
  })

  it('and no user if its token names none', () => {
    const { set, removed } = changesIn(onTheWire(allow({ ...aCaller(), user: undefined })))
    expect(set).not.toHaveProperty(USER)
    expect(removed).toContain(USER)
  })

  it.each<[title: string, value: unknown, shown: string]>([
    ['a number', 3, '3'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a list', ['a', 1, null], '["a",1,null]'],
    ['a list that is not ASCII', ['é'], '["\\u00e9"]'],
    ['a text that is not ASCII', 'alic\u00e9@example.com', 'alic%C3%A9@example.com'],
    ['a text with CR LF', 'a\r\nx-admin: 1', 'a%0D%0Ax-admin: 1'],
  ])('and a claim that is %s', (_title, email, shown) => {
    const caller = aCaller({ kind: 'jwt', claims: { email } })
    expect(changesIn(onTheWire(allow(caller))).set[EMAIL]).toBe(shown)
  })

  it.each<[title: string, given: Parameters<typeof aCaller>[0], value: string, cause: string]>([
    ['a user that is too long', { user: 'é'.repeat(3_000) }, 'user', 'too-long'],
    ['groups that are too long', { groups: ['a'.repeat(17_000)] }, 'groups', 'too-long'],
    ['a group that is not a text', { groups: ['\ud800', 'a'] }, 'groups', 'not-unicode'],
    ['a claim that is an object', { claims: { email: {} } }, 'claim', 'object'],
    ['a number that is not exact', { claims: { email: 2 ** 60 } }, 'claim', 'not-exact'],
    ['a list with such a number', { claims: { email: [2 ** 60] } }, 'claim', 'not-exact'],
    ['a claim that is too long', { claims: { email: 'a'.repeat(17_000) } }, 'claim', 'too-long'],
  ])('but %s is left out, and counted', (_title, given, value, cause) => {
    const told: unknown[] = []
    const counting = createEncode({
      headers: HEADERS,
      realm: 'a',
      onLeftOut: (...each) => told.push(each),
    })
    const caller = aCaller(given)
    for (let count = 0; count < 3; count += 1) counting(allow(caller), asked())
    expect(told).toEqual([[value, cause]])
  })

  it('and the configured claims of a token', () => {
    const caller = aCaller({ kind: 'jwt', claims: { email: 'alice@example.com' } })
    expect(changesIn(onTheWire(allow(caller))).set[EMAIL]).toBe('alice@example.com')
  })

  it.each<[title: string, Caller['claims']]>([
    ['has no such claim', {}],
    ['has a claim that is an object', { email: {} }],
    ['has a claim that is null', { email: null }],
    ['has a claim that is empty', { email: '' }],
    ['inherits the claim', Object.create({ email: 'alice@example.com' })],
  ])("but not if the token %s, and the client's is removed", (_title, claims = {}) => {
    const { set, removed } = changesIn(onTheWire(allow(aCaller({ claims }))))
    expect(set).not.toHaveProperty(EMAIL)
    expect(removed).toContain(EMAIL)
  })

  it.each(['__proto__', 'constructor', 'toString'])('nor a claim named %s', (claim) => {
    const odd = createEncode({ headers: { ...HEADERS, claims: { [EMAIL]: claim } }, realm: 'a' })
    const response = decodeCheckResponse(odd(allow(aCaller({ claims: {} })), asked()))
    expect(changesIn(response).removed).toContain(EMAIL)
  })

  it('of each caller separately, although answers are cached', () => {
    const alice = aCaller({ user: 'alice' })
    const bob = aCaller({ user: 'bob' })
    for (const caller of [alice, bob, alice, bob]) {
      expect(changesIn(onTheWire(allow(caller))).set[USER]).toBe(caller.user)
    }
  })

  it('without the removed headers of another request', () => {
    const caller = aCaller()
    const taken = [[header('authorization')], [], [header('x-api-key')], [header('authorization')]]
    for (const consumed of taken) {
      expect(changesIn(onTheWire(allow(caller, consumed))).removed).toEqual([
        EMAIL,
        ...consumed.map(({ name }) => name),
      ])
    }
  })
})

describe('identity headers of a client', () => {
  it('are removed if no caller is identified', () => {
    expect(changesIn(onTheWire(OPEN))).toEqual({ set: {}, removed: NAMES })
  })

  it.each([
    'x_auth_request_user',
    'x_auth-request-user',
    'x-auth_request_groups',
    'x-auth-request_credential',
    'kubeflow_userid',
  ])('are removed in the spelling %s', (name) => {
    for (const decision of [OPEN, allow(aCaller()), allow(aCaller(), [header('authorization')])]) {
      expect(changesIn(onTheWire(decision, { underscored: [name] })).removed).toContain(name)
    }
  })

  it('of one request are not removed from the next', () => {
    const caller = aCaller()
    onTheWire(allow(caller), { underscored: ['x_auth_request_user'] })
    expect(changesIn(onTheWire(allow(caller))).removed).toEqual([EMAIL])
  })

  it('with other meanings stay', () => {
    const underscored = ['x_request_id', 'x_auth_request_email', 'x_auth_request_user_', '_']
    expect(changesIn(onTheWire(OPEN, { underscored })).removed).toEqual(NAMES)
  })

  it('are removed under configured names with underscores, in any spelling', () => {
    const other = createEncode({
      headers: { user: 'x_auth_user', groups: 'x_groups', credential: 'x_credential', claims: {} },
      realm: 'models',
    })
    const underscored = ['x_auth-user', 'x-auth_user']
    const { removed } = changesIn(decodeCheckResponse(other(OPEN, asked({ underscored }))))
    expect(removed).toEqual(expect.arrayContaining(['x_auth_user', ...underscored]))
  })
})

describe('a consumed credential', () => {
  it('is removed from each header', () => {
    const consumed = [header('authorization'), header('x-api-key')]
    expect(changesIn(onTheWire(allow(aCaller(), consumed))).removed).toEqual([
      EMAIL,
      'authorization',
      'x-api-key',
    ])
  })

  it('does not remove our own header of the same name', () => {
    const { set, removed } = changesIn(onTheWire(allow(aCaller(), [header(USER)])))
    expect(set[USER]).toBe(aCaller().user)
    expect(removed).not.toContain(USER)
  })

  it('is cut out of the cookies, and nothing else is', () => {
    const response = onTheWire(allow(aCaller(), [cookie('session')]), {
      cookie: 'a=b; session=abc; c=d',
    })
    const { set, removed } = changesIn(response)
    expect(set.cookie).toBe('a=b; c=d')
    expect(removed).toEqual([EMAIL])
  })

  it.each([
    ['was the only one', 'session=abc'],
    ['is next to one that is not ASCII', 'session=abc; a=\u00e9'],
    ['is next to one with a line feed', 'session=abc; a=b\nc'],
  ])('removes the whole Cookie header if it %s', (_title, text) => {
    const { set, removed } = changesIn(
      onTheWire(allow(aCaller(), [cookie('session')]), { cookie: text }),
    )
    expect(set).not.toHaveProperty('cookie')
    expect(removed).toEqual([EMAIL, 'cookie'])
  })

  it('in a cookie of one request does not change the cookies of the next', () => {
    const caller = aCaller()
    const decision = allow(caller, [cookie('session')])
    for (const name of ['a', 'b']) {
      const response = onTheWire(decision, { cookie: `session=abc; ${name}=1` })
      expect(changesIn(response).set.cookie).toBe(`${name}=1`)
    }
  })
})

describe('whatever the name of a caller', () => {
  const text = fc.oneof(
    anyText(20),
    fc.string({ maxLength: 20 }),
    fc.constantFrom('', 'a\r\nb: c', '\0', ',', ' ', 'é', '\u2028', '\ud800', 'x'.repeat(17_000)),
  )
  const place = fc.constantFrom<CredentialPlace>(
    header('authorization'),
    header('x-api-key'),
    cookie('session'),
    cookie('other'),
  )
  const caller: fc.Arbitrary<Caller> = fc
    .record({
      user: text,
      groups: fc.array(text, { maxLength: 4 }),
      claims: fc.record({ email: text }),
    })
    .map((given) => aCaller(given))
  const decision = fc.oneof(
    fc.constant(OPEN),
    fc.tuple(caller, fc.uniqueArray(place)).map(([who, consumed]) => allow(who, consumed)),
  )
  const asking = fc.record({
    dialect: fc.constantFrom(...DIALECTS),
    underscored: fc.array(
      fc.oneof(text, fc.constantFrom('x_auth_request_user', 'x-auth_request-groups')),
    ),
    cookie: fc.option(
      fc.oneof(text, fc.constantFrom('session=a; b=c', 'session=a', 'session=a; b=\r\nc')),
      { nil: undefined },
    ),
  })

  it('two different ones never encode to the same', () => {
    const groups = fc.array(
      fc.oneof(text, fc.constantFrom('%', '%2C', 'a,b', ' a', 'a', 'a%20', '%20a')),
      { maxLength: 3 },
    )
    fc.assert(
      fc.property(groups, (given) => {
        const all = given.filter((group) => group !== '' && group.isWellFormed())
        const shown = changesIn(onTheWire(allow(aCaller({ groups: given })))).set[GROUPS] ?? ''
        fc.pre(shown !== '' || all.length === 0)
        const read = shown === '' ? [] : shown.split(',').map((each) => decodeURIComponent(each))
        expect(read).toEqual(all)
      }),
      { numRuns: 500 },
    )
  })

  it('the answer contains printable ASCII only', () => {
    fc.assert(
      fc.property(decision, asking, (made, given) => {
        const texts = textsIn(onTheWire(made, given))
        expect(texts.filter((each) => !/^[\x20-\x7e]+$/.test(each))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('no name is both set and removed, and each identity header is one of the two', () => {
    fc.assert(
      fc.property(decision, asking, (made, given) => {
        const { set, removed } = changesIn(onTheWire(made, given))
        expect(removed.filter((name) => Object.hasOwn(set, name))).toEqual([])
        for (const name of NAMES)
          expect(Object.hasOwn(set, name) || removed.includes(name)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('every header that is set overwrites', () => {
    fc.assert(
      fc.property(decision, asking, (made, given) => {
        for (const option of onTheWire(made, given).ok_response?.headers ?? []) {
          expect(option).toMatchObject({ append: { value: false }, append_action: 2 })
        }
      }),
      { numRuns: 300 },
    )
  })
})
