import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import { allow, DENY_REASONS, deny, OPEN } from '../../src/access/decision.ts'
import type { Service } from '../../src/access/service.ts'
import { type Checked, type CheckParts, createCheckHandler } from '../../src/envoy/check-handler.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import type { CheckRequest } from '../../src/envoy/messages.ts'
import {
  type CheckHandler,
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
  UNREADABLE,
  type Unreadable,
} from '../../src/envoy/protocol.ts'
import {
  aCaller,
  anApiKey,
  anAuthorize,
  anLlm,
  anyText,
  aService,
  aWorkload,
} from '../../testing/builders.ts'
import { aCheck, denialIn, headersIn, isAllowed } from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'

const IDENTITY = { user: 'x-user', groups: 'x-groups', credential: 'x-credential', claims: {} }
const encode = createEncode({
  headers: IDENTITY,
  realm: 'kubernetes-user',
  random: () => 0,
})

const PARTS = aCheckParts({
  authorize: anAuthorize({ services: [aService()], keys: [anApiKey()] }),
  encode,
})

const answering = (answer: Answer | Promise<Answer>): Partial<CheckParts> => ({
  authorize: () => answer,
})

const answer = (decision: Answer['decision']): Answer => ({
  decision,
  target: undefined,
  caller: undefined,
})

const KEY = 'iris-key-0123456789'

const hanging = new Promise<Answer>(() => {})
const bug = new Error('a bug that says secret-0123456789')

type Call = Parameters<CheckHandler>[0]

/** The bytes of a check, or of something else. */
const messageOf = (check: CheckRequest | Unreadable): Buffer =>
  check === UNREADABLE ? Buffer.from([0xff]) : encodeCheckRequest(check)

const aCall = (request: Buffer, deadline: number): Call => ({
  request,
  peerAddress: '127.0.0.1',
  deadline,
})

type Reply = { readonly error: unknown; readonly bytes: Buffer }

/** All replies to one call, collected until a second reply would have arrived. */
async function repliesOf(
  handler: CheckHandler,
  request: CheckRequest | Unreadable = aCheck(),
  deadline: number = Number.POSITIVE_INFINITY,
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  await new Promise<void>((resolve) => {
    handler(aCall(messageOf(request), deadline), (error, bytes) => {
      replies.push({ error, bytes })
      resolve()
    })
  })
  await nextTurn()
  return replies
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** The only answer to one call. */
async function responseOf(
  parts: Partial<CheckParts>,
  request?: CheckRequest | Unreadable,
  deadline?: number,
) {
  const handler = createCheckHandler('gateway', { ...PARTS, ...parts })
  const replies = await repliesOf(handler, request, deadline)
  expect(replies).toHaveLength(1)
  expect(replies[0]?.error).toBeNull()
  const bytes = replies[0]?.bytes ?? Buffer.alloc(0)
  expect(bytes.length).toBeGreaterThan(0)
  return decodeCheckResponse(bytes)
}

const phraseOf = async (...asked: Parameters<typeof responseOf>) =>
  denialIn(await responseOf(...asked)).headers['x-ext-auth-reason']

/** Decisions of a program that violates its types. */
const broken = (json: string): Answer => JSON.parse(json)

afterEach(() => void vi.useRealTimers())

describe('a check is answered once, with a decision', () => {
  it('made synchronously', async () => {
    expect(await phraseOf(answering(answer(deny('not-permitted'))))).toBe(
      'not permitted to use this service',
    )
    expect(isAllowed(await responseOf(answering(answer(OPEN))))).toBe(true)
  })

  it('made asynchronously', async () => {
    const later = Promise.resolve(answer(deny('expired-token')))
    expect(await phraseOf(answering(later))).toBe('token has expired')
    expect(isAllowed(await responseOf(answering(Promise.resolve(answer(OPEN)))))).toBe(true)
  })

  it('about the received request', async () => {
    const headers = { authorization: `Bearer ${KEY}` }
    const { ok_response: ok } = await responseOf({}, aCheck({ headers }))
    expect(Object.fromEntries(headersIn(ok?.headers))['x-user']).toBe('apikey:team/iris-key')
    expect(await phraseOf({}, aCheck())).toBe('credential not found')
  })

  it.each([
    ['a page for a browser', 'GET', { accept: 'text/html,*/*;q=0.8' }, 'text/html; charset=utf-8'],
    ['a page for HEAD', 'HEAD', { accept: 'text/html' }, 'text/html; charset=utf-8'],
    ['JSON for a client that posts', 'POST', { accept: 'text/html' }, 'application/json'],
    ['JSON for a client that accepts anything', 'GET', { accept: '*/*' }, 'application/json'],
    ['JSON for a client that says nothing', 'GET', {}, 'application/json'],
    [
      'no page for gRPC',
      'GET',
      { accept: 'text/html', 'content-type': 'application/grpc' },
      undefined,
    ],
  ] as const)('as %s', async (_title, method, headers, contentType) => {
    for (const path of ['/v2/models/iris', '/v1/messages', '/v1/chat/completions']) {
      const denied = denialIn(await responseOf({}, aCheck({ method, path, headers })))
      expect(denied.headers['content-type']).toBe(contentType)
    }
  })

  it("in the dialect of the path without the service's prefix", async () => {
    const authorize = anAuthorize({ services: [anLlm()] })
    const bodyAt = async (path: string, headers = {}) =>
      denialIn(await responseOf({ authorize }, aCheck({ path, headers }))).body
    expect(await bodyAt('/llm/chat/v1/chat/completions')).toContain('"authentication_error"')
    expect(await bodyAt('/llm/chat/v1/messages')).toContain('"type":"error"')
    expect(await bodyAt('/llm/chat/v2/health')).toMatch(
      /^\{"error":"credential not found: [^"]+"\}$/,
    )
    expect(await bodyAt('/llm/chat/v1/messages', { 'content-type': 'application/grpc' })).toMatch(
      /^credential not found: send the metadata authorization/,
    )
  })

  it("in KServe's form for the status of an InferenceService, and in OpenAI's for an LLM's model", async () => {
    const bodyAt = async (service: Service, path: string) => {
      const authorize = anAuthorize({ services: [service] })
      return denialIn(await responseOf({ authorize }, aCheck({ path }))).body
    }
    expect(await bodyAt(aService(), '/v1/models/iris')).toMatch(/^\{"error":"/)
    expect(await bodyAt(anLlm(), '/llm/chat/v1/models/m')).toMatch(/^\{"error":\{/)
  })

  it.each([
    'f414aae7-e31f-4902-96c8-71770794d55d',
    'Root=1-67891233-abcdef012345678912345678',
    'urn:uuid:a_b.c@d+e/f',
    'r'.repeat(128),
  ])('that quotes the request id %s if it is a denial', async (id) => {
    const check = aCheck({ headers: { 'x-request-id': id } })
    const idIn = async (parts: Partial<CheckParts>) => {
      const { denied_response: denied, ok_response: ok } = await responseOf(parts, check)
      return Object.fromEntries(headersIn(denied?.headers ?? ok?.headers))['x-request-id']
    }
    expect(await idIn({})).toBe(id)
    expect(await idIn(answering(answer(OPEN)))).toBeUndefined()
  })

  it.each([
    ['empty', ''],
    ['too long', 'r'.repeat(129)],
    ['one of two', 'a,b'],
    ['with a space', 'a b'],
    ['with a line feed', 'a\nset-cookie: b'],
    ['with a quote', 'a"b'],
    ['with markup', '<script>'],
    ['with a semicolon', 'a;b'],
    ['with an escape', 'a%0d%0a'],
    ['with a backslash', 'a\\b'],
    ['not in ASCII', 'é'],
  ])('without its request id if that is %s', async (_title, id) => {
    for (const path of ['/v1/models/iris:predict', '/v1/messages', '/v1/completions']) {
      const check = aCheck({ path, headers: { 'x-request-id': id } })
      const { headers, body = '' } = denialIn(await responseOf({}, check))
      expect(Object.keys(headers).filter((name) => name.includes('request-id'))).toEqual([])
      expect(JSON.parse(body)).not.toHaveProperty('request_id')
    }
  })

  it('for the origin of a browser, and for its preflight request', async () => {
    const origin = 'https://app.example.com'
    const cors = { origins: [origin], headers: [], maxAge: 1 }
    const crossing = createEncode({ headers: IDENTITY, realm: 'a', cors })
    const answerTo = async (method: string, headers = {}) =>
      denialIn(
        await responseOf({ encode: crossing }, aCheck({ method, headers: { origin, ...headers } })),
      )
    const asking = { 'access-control-request-method': 'POST' }
    expect(await answerTo('POST')).toMatchObject({
      httpStatus: 401,
      headers: { 'access-control-allow-origin': origin },
    })
    expect(await answerTo('OPTIONS', asking)).toMatchObject({ httpStatus: 204 })
    expect(await answerTo('OPTIONS')).toMatchObject({ httpStatus: 401 })
    expect(await answerTo('POST', asking)).toMatchObject({ httpStatus: 401 })
  })

  it("that removes the credential from the client's cookies", async () => {
    const place = { kind: 'cookie', name: 'session' } as const
    const { ok_response: ok } = await responseOf(
      answering(answer(allow(aCaller(), [place]))),
      aCheck({ headers: { cookie: 'a=b; session=abc' } }),
    )
    expect(Object.fromEntries(headersIn(ok?.headers)).cookie).toBe('a=b')
  })

  it("that removes the client's identity headers, on open and excluded paths too", async () => {
    const authorize = anAuthorize({
      services: [aService(), aService({ name: 'open', protection: 'open', urls: ['open'] })],
    })
    const headers = { 'X-User': 'root', x_user: 'root', 'x-groups': 'admins' }
    for (const http of [
      { host: 'open', headers },
      { method: 'GET', path: '/healthz', headers },
    ]) {
      const response = await responseOf({ authorize }, aCheck(http))
      expect(isAllowed(response)).toBe(true)
      expect(response.ok_response?.headers_to_remove?.toSorted()).toEqual(
        ['x-groups', 'x-credential', 'x-user', 'x_user'].toSorted(),
      )
    }
  })

  it.each<[title: string, Readonly<Record<string, string>>, string]>([
    ['two Authorization lines', { authorization: 'Bearer a,Bearer b' }, 'more than one credential'],
    [
      'Authorization in two letter cases',
      { authorization: `Bearer ${KEY}`, authorizatioN: `Bearer ${KEY}` },
      'more than one credential',
    ],
    [
      'Authorization with an underscore',
      { authorization_: `Bearer ${KEY}` },
      'credential not found',
    ],
    ['an API key with underscores', { x_api_key: KEY }, 'credential not found'],
    ['a byte that Envoy replaced', { authorization: 'Bearer iris!key' }, 'credential is not known'],
    ['another scheme', { authorization: `Basic ${KEY}` }, 'credential is malformed'],
    [
      'a key next to a different token',
      { authorization: 'Bearer a', 'x-api-key': KEY },
      'more than one credential',
    ],
    [
      'names of Object.prototype members',
      { constructor: KEY, tostring: KEY },
      'credential not found',
    ],
  ])('that denies %s with 401, in both forms of headers', async (_title, headers, phrase) => {
    const lines = Object.entries(headers)
    const raw = lines.map(([key, value]) => ({ key, raw_value: Buffer.from(value) }))
    for (const http of [{ headers }, { header_map: { headers: raw } }]) {
      expect(denialIn(await responseOf({}, aCheck(http)))).toMatchObject({
        httpStatus: 401,
        headers: { 'x-ext-auth-reason': phrase },
      })
    }
  })

  it.each<[title: string, CheckRequest | Unreadable]>([
    ['undecodable bytes', UNREADABLE],
    ['no attributes', {}],
    ['no HTTP', { attributes: { request: {} } }],
    ['no path', aCheck({ path: '' })],
    ['no host', aCheck({ host: '' })],
  ])('that denies a request with %s', async (_title, request) => {
    const response = await responseOf({}, request)
    expect(denialIn(response)).toMatchObject({
      code: 7,
      httpStatus: 403,
      headers: { 'x-ext-auth-reason': 'request is not supported' },
    })
  })
})

describe('a check is denied, once and with gRPC OK, when', () => {
  it.each<[title: string, Partial<CheckParts>]>([
    [
      'the decision throws',
      {
        authorize: () => {
          throw bug
        },
      },
    ],
    ['the decision rejects', { authorize: () => Promise.reject(bug) }],
    ['the decision is undefined', answering(broken('null'))],
    ['the decision is undefined, asynchronously', answering(Promise.resolve(broken('null')))],
    ['the decision is an empty object', answering(broken('{}'))],
    ['the decision has no outcome', answering(broken('{"decision":{}}'))],
    ['the reason is unknown', answering(broken('{"decision":{"outcome":"deny","reason":"?"}}'))],
    [
      'encoding throws',
      {
        encode: (decision, asked) => {
          if (decision.outcome === 'deny' && decision.reason === 'internal') {
            return encode(decision, asked)
          }
          throw bug
        },
      },
    ],
    [
      'encoding gives no bytes, which Envoy reads as an allow',
      {
        encode: (decision, asked) =>
          decision.outcome === 'deny' && decision.reason === 'internal'
            ? encode(decision, asked)
            : Buffer.alloc(0),
      },
    ],
  ])('%s', async (_title, parts) => {
    const reported: unknown[] = []
    const response = await responseOf({ ...parts, report: (fault) => reported.push(fault) })
    expect(denialIn(response)).toMatchObject({
      code: 13,
      httpStatus: 500,
      headers: { 'x-ext-auth-reason': 'internal error' },
    })
    expect(reported).toHaveLength(1)
    expect(JSON.stringify(response)).not.toContain('secret')
  })

  it('the observer throws: then the decision stays', async () => {
    const reported: unknown[] = []
    const parts: Partial<CheckParts> = {
      observe: () => {
        throw bug
      },
      report: (fault) => reported.push(fault),
    }
    for (const given of [answer(deny('not-permitted')), Promise.resolve(answer(OPEN))]) {
      const decided = (await Promise.resolve(given)).decision.outcome === 'allow'
      expect(isAllowed(await responseOf({ ...parts, ...answering(given) }))).toBe(decided)
    }
    expect(reported).toEqual([bug, bug])
  })

  it('the decision exceeds our own deadline', async () => {
    const response = await responseOf({ ...answering(hanging), deadlineMs: 5 })
    expect(denialIn(response)).toMatchObject({
      code: 14,
      httpStatus: 503,
      headers: { 'x-ext-auth-reason': 'no answer in time', 'retry-after': '1' },
    })
  })

  it("the decision exceeds the proxy's deadline, before that", async () => {
    vi.useFakeTimers()
    const handler = createCheckHandler('gateway', { ...PARTS, ...answering(hanging) })
    const answers: string[] = []
    handler(aCall(messageOf(aCheck()), Date.now() + 30), (_error, bytes) => {
      answers.push(denialIn(decodeCheckResponse(bytes)).headers['x-ext-auth-reason'] ?? '')
    })
    await vi.advanceTimersByTimeAsync(29)
    expect(answers).toEqual(['no answer in time'])
  })

  it.each([
    ['has passed', 0],
    ['is now', Date.now()],
    ['is in the distant past', Number.NEGATIVE_INFINITY],
  ])('the proxy gives a deadline that %s', async (_title, deadline) => {
    expect(await phraseOf(answering(hanging), aCheck(), deadline)).toBe('no answer in time')
  })

  it('a late decision arrives after all: there is no second answer', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const handler = createCheckHandler('gateway', {
      ...PARTS,
      ...answering(promise),
      deadlineMs: 1,
    })
    const replies = await repliesOf(handler)
    resolve(answer(OPEN))
    await nextTurn()
    expect(replies.map(({ bytes }) => isAllowed(decodeCheckResponse(bytes)))).toEqual([false])
  })

  it('a late decision fails after all: there is no second answer, but a report', async () => {
    const reported: unknown[] = []
    const { promise, reject } = Promise.withResolvers<Answer>()
    const handler = createCheckHandler('gateway', {
      ...PARTS,
      ...answering(promise),
      report: (fault) => reported.push(fault),
      deadlineMs: 1,
    })
    const replies = await repliesOf(handler)
    reject(bug)
    await nextTurn()
    expect(replies).toHaveLength(1)
    expect(reported).toEqual([bug])
  })

  it('even reporting an error fails', async () => {
    const parts: Partial<CheckParts> = {
      authorize: () => {
        throw bug
      },
      report: () => {
        throw bug
      },
    }
    const handler = createCheckHandler('gateway', { ...PARTS, ...parts })
    const replies: unknown[] = []
    try {
      handler(aCall(messageOf(aCheck()), Number.POSITIVE_INFINITY), (_error, bytes) =>
        replies.push(bytes),
      )
    } catch {}
    expect(replies).toHaveLength(1)
  })
})

describe('the observer', () => {
  const observed = async (parts: Partial<CheckParts>) => {
    const seen: Checked[] = []
    await responseOf({ ...parts, observe: (checked) => seen.push(checked) })
    return seen
  }

  it.each([...DENY_REASONS.map((reason) => deny(reason)), OPEN])(
    'sees each decision once: %j',
    async (decision) => {
      const seen = await observed(answering(answer(decision)))
      expect(seen).toHaveLength(1)
      expect(seen[0]?.answer.decision).toEqual(decision)
      expect(seen[0]?.incoming.path).toBe('/v1/models/iris:predict')
      expect(seen[0]?.seconds).toBeGreaterThanOrEqual(0)
      expect(seen[0]?.seconds).toBeLessThan(1)
    },
  )

  it.each<[title: string, Partial<CheckParts>, string]>([
    ['failed', { authorize: () => Promise.reject(bug) }, 'internal'],
    ['took too long', { ...answering(hanging), deadlineMs: 1 }, 'deadline-exceeded'],
  ])('also sees one that %s', async (_title, parts, reason) => {
    expect((await observed(parts)).map(({ answer: { decision } }) => decision)).toEqual([
      { outcome: 'deny', reason },
    ])
  })
})

describe('whatever bytes arrive', () => {
  const authorize = anAuthorize({
    services: [aService(), anLlm(), aService({ name: 'open', protection: 'open', urls: ['open'] })],
    workloads: [aWorkload()],
    keys: [anApiKey()],
  })
  const faults: unknown[] = []
  const handler = createCheckHandler('gateway', {
    ...PARTS,
    authorize,
    report: (fault) => faults.push(fault),
  })

  const good = encodeCheckRequest(
    aCheck(
      {
        path: '/llm/chat/v1/chat/completions?a=b',
        headers: { authorization: `Bearer ${KEY}`, x_user: 'root', cookie: 'a=b' },
        header_map: { headers: [{ key: 'x-api-key', raw_value: Buffer.from('abc') }] },
      },
      {
        source: {
          address: { socket_address: { address: '10.0.0.2', port_value: 1 } },
          principal: 'spiffe://cluster.local/ns/team/sa/iris-sa',
        },
        destination: { address: { socket_address: { address: '10.0.0.1', port_value: 8080 } } },
      },
    ),
  )

  /** These facts are all in memory: the answer exists when the handler returns. */
  function answersTo(bytes: Buffer): readonly Reply[] {
    const replies: Reply[] = []
    const call = aCall(bytes, Number.POSITIVE_INFINITY)
    handler(call, (error, reply) => {
      replies.push({ error, bytes: reply ?? Buffer.alloc(0) })
    })
    return replies
  }

  function isAnsweredOnce(bytes: Buffer) {
    const replies = answersTo(bytes)
    expect(replies).toHaveLength(1)
    const [reply] = replies
    expect(reply?.error).toBeNull()
    const response = decodeCheckResponse(reply?.bytes ?? Buffer.alloc(0))
    expect('ok_response' in response).toBe(isAllowed(response))
    expect('denied_response' in response).toBe(!isAllowed(response))
    expect(response.status).toBeDefined()
  }

  function secondsFor(bytes: Buffer): number {
    const begun = performance.now()
    answersTo(bytes)
    return (performance.now() - begun) / 1_000
  }

  /** A second measurement distinguishes a slow reader from a busy machine. */
  const isSlow = (bytes: Buffer) => secondsFor(bytes) > 0.2 && secondsFor(bytes) > 0.2

  it('they get one answer, which is never an empty message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        isAnsweredOnce(Buffer.from(bytes))
      }),
      { numRuns: 1_000 },
    )
    expect(faults).toEqual([])
  })

  it('or a valid message with some bytes changed, removed or repeated', () => {
    const at = fc.nat(good.length - 1)
    const change = fc.oneof(
      fc.tuple(at, fc.nat(255)).map(([index, value]) => (bytes: Buffer) => {
        const changed = Buffer.from(bytes)
        if (index < changed.length) changed[index] = value
        return changed
      }),
      fc.tuple(at, at).map(
        ([from, to]) =>
          (bytes: Buffer) =>
            Buffer.concat([bytes.subarray(0, from), bytes.subarray(Math.max(from, to))]),
      ),
      fc.tuple(at, at).map(
        ([from, to]) =>
          (bytes: Buffer) =>
            Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]),
      ),
    )
    let readable = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = changes.reduce((changed, apply) => apply(changed), good)
        if (decodeCheckRequest(bytes) !== UNREADABLE) readable += 1
        isAnsweredOnce(bytes)
      }),
      { numRuns: 1_500 },
    )
    expect(readable).toBeGreaterThan(100)
    expect(faults).toEqual([])
  })

  it('or a message with arbitrary texts', () => {
    const text = fc.oneof(
      anyText(12),
      fc.constantFrom('/', '/healthz', 'iris.example.com', 'GET', '10.0.0.1', '__proto__', ':path'),
    )
    const headers = fc.array(fc.tuple(text, text), { maxLength: 4 }).map(Object.fromEntries)
    fc.assert(
      fc.property(text, text, text, headers, text, (method, path, host, given, peer) => {
        const socket = { address: { socket_address: { address: peer } }, principal: peer }
        isAnsweredOnce(
          encodeCheckRequest(
            aCheck({ method, path, host, headers: given }, { source: socket, destination: socket }),
          ),
        )
      }),
      { numRuns: 200 },
    )
    expect(faults).toEqual([])
  })

  it.each([
    ['path', '/'],
    ['path', '/v1/models/'],
    ['path', '/v1/messages/'],
    ['path', '/openai/'],
    ['path', '/llm/chat/'],
    ['path', '/publishers/llm/models/'],
    ['host', ''],
    ['method', ''],
    ['authorization', ''],
    ['authorization', 'Bearer '],
    ['x-api-key', ''],
    ['cookie', ''],
    ['content-type', 'application/grpc'],
    ['x-gateway-model-name', 'publishers/llm/models/'],
    ['principal', 'spiffe://cluster.local/ns/'],
    ['address', ''],
  ])('a long %s that starts with %j is read quickly', (part, start) => {
    const slow = longTexts(start).find((text) => isSlow(encodeCheckRequest(checkWith(part, text))))
    expect(slow?.slice(0, 30)).toBeUndefined()
  })

  it('the decoded request is the one that is decided', () => {
    const [reply] = answersTo(encodeCheckRequest(aCheck({ host: 'open' })))
    expect(isAllowed(decodeCheckResponse(reply?.bytes ?? Buffer.alloc(0)))).toBe(true)
  })
})

const UNITS = [':', '/', '.', ';', '=', ',', ' ', '%', '%2e', 'a', 'a/', 'a:', '../', '1.', '_']

const longTexts = (start: string): readonly string[] =>
  UNITS.flatMap((unit) =>
    ['', '/', '!', '\n'].map((end) => start + unit.repeat(40_000 / unit.length) + end),
  )

/** A check with this text in that part, and in a header of that name. */
function checkWith(part: string, text: string): CheckRequest {
  const peer = {
    ...(part === 'principal' ? { principal: text } : {}),
    ...(part === 'address' ? { address: { socket_address: { address: text } } } : {}),
  }
  const http = ['path', 'host', 'method'].includes(part) ? { [part]: text } : {}
  return aCheck({ headers: { [part]: text }, ...http }, { source: peer, destination: peer })
}
