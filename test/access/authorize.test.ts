import { describe, expect, it } from 'vitest'
import { known, rejected } from '../../src/access/authentication.ts'
import { credentialSources } from '../../src/access/credential.ts'
import { type Decision, deny, OPEN } from '../../src/access/decision.ts'
import type { Settings } from '../../src/access/judge.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import type { Workload } from '../../src/access/workload.ts'
import {
  aCaller,
  anApiKey,
  anAuthorize,
  anLlm,
  aRequest,
  aService,
  atPod,
  aWorkload,
  NOW,
  type World,
} from '../../testing/builders.ts'

const decisionOf = async (request: AccessRequest | undefined, world: World): Promise<Decision> =>
  (await anAuthorize(world)(request)).decision

const KEY = 'iris-key-0123456789'
const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
const AUTHORIZATION = { kind: 'header', name: 'authorization' } as const

const open = aService({
  namespace: 'other',
  name: 'open',
  protection: 'open',
  urls: ['open.example.com'],
})
const openLlm = anLlm({ name: 'free', model: 'free', protection: 'open' })

describe('a request', () => {
  it('that could not be read is denied as unsupported', async () => {
    expect(await decisionOf(undefined, { services: [open] })).toEqual(deny('unsupported-request'))
  })

  it('is denied until all data is known, whatever it contains', async () => {
    const world = { services: [open], synced: false }
    for (const host of ['open.example.com', 'unknown.example.com']) {
      expect(await decisionOf(aRequest({ host }), world)).toEqual(deny('not-synced'))
    }
  })

  it('to an unknown service is denied', async () => {
    const request = aRequest({ host: 'unknown.example.com', headers: bearer('reader-token') })
    expect(await decisionOf(request, { services: [open] })).toEqual(deny('unknown-target'))
  })

  it('to an open service is allowed, and keeps its credential', async () => {
    const request = aRequest({ host: 'open.example.com', headers: bearer('whatever') })
    expect(await decisionOf(request, { services: [open] })).toEqual(OPEN)
  })

  it('to a lost service is denied, even on an excluded path', async () => {
    const world = {
      services: [aService({ protection: 'lost' })],
      workloads: [aWorkload()],
      keys: [anApiKey()],
    }
    for (const request of [
      aRequest({ headers: bearer(KEY) }),
      aRequest({ method: 'GET', path: '/healthz' }),
      atPod({ method: 'GET', path: '/healthz' }),
    ]) {
      expect(await decisionOf(request, world)).toEqual(deny('unknown-target'))
    }
  })

  it('is answered synchronously if all data is in memory', () => {
    const world = { services: [aService()], keys: [anApiKey()] }
    const answer = anAuthorize(world)(aRequest({ headers: bearer(KEY) }))
    expect(answer).not.toBeInstanceOf(Promise)
  })
})

describe('a protected service', () => {
  const world: World = {
    services: [aService()],
    keys: [
      anApiKey(),
      anApiKey({ key: 'old-key-0123456789', name: 'old', expiresAt: NOW }),
      anApiKey({ key: 'narrow-key-0123456', name: 'narrow', services: [] }),
      anApiKey({ key: 'foreign-key-012345', name: 'foreign', namespace: 'other' }),
    ],
    tokens: new Map([
      ['reader-token', known(aCaller())],
      ['stranger-token', known(aCaller({ user: 'stranger' }))],
      ['stale-token', rejected('expired-token')],
    ]),
    permits: ({ user }) => (user === 'stranger' ? 'no' : 'yes'),
  }

  it.each<[title: string, Readonly<Record<string, string>>, Decision]>([
    ['requires a credential', {}, deny('missing-credential')],
    ['refuses another scheme', { authorization: 'Basic abc' }, deny('malformed-credential')],
    ['refuses two', { authorization: `Bearer a,Bearer ${KEY}` }, deny('ambiguous-credential')],
    ['refuses an unknown key', bearer('nobody-knows'), deny('unknown-api-key')],
    ['refuses a changed byte', bearer('iris!key-0123456789'), deny('unknown-api-key')],
    ['refuses an expired key', bearer('old-key-0123456789'), deny('expired-api-key')],
    ['refuses a key of another service', bearer('narrow-key-0123456'), deny('key-not-for-service')],
    ['refuses a key of another namespace', bearer('foreign-key-012345'), deny('unknown-api-key')],
    ["refuses a token with the issuer's reason", bearer('stale-token'), deny('expired-token')],
    ['refuses a caller without permission', bearer('stranger-token'), deny('not-permitted')],
    [
      'refuses a token where only keys are accepted',
      { 'x-api-key': 'reader-token' },
      deny('unknown-api-key'),
    ],
    [
      'refuses a valid key next to an invalid token',
      { ...bearer('bad'), 'x-api-key': KEY },
      deny('ambiguous-credential'),
    ],
    [
      'refuses a valid key next to another scheme',
      { authorization: 'Basic a', 'x-api-key': KEY },
      deny('malformed-credential'),
    ],
  ])('%s', async (_title, headers, decision) => {
    expect(await decisionOf(aRequest({ headers }), world)).toEqual(decision)
  })

  it.each<[title: string, Readonly<Record<string, string>>, user: string]>([
    ['a key', bearer(KEY), 'apikey:team/iris-key'],
    ['a key in x-api-key', { 'x-api-key': KEY }, 'apikey:team/iris-key'],
    ['a key in api-key', { 'api-key': KEY }, 'apikey:team/iris-key'],
    ['the same key in two places', { ...bearer(KEY), 'x-api-key': KEY }, 'apikey:team/iris-key'],
    ['a token', bearer('reader-token'), 'system:serviceaccount:team:reader'],
    [
      'the same token in two places',
      { ...bearer('reader-token'), 'api-key': 'reader-token' },
      'system:serviceaccount:team:reader',
    ],
  ])('allows %s', async (_title, headers, user) => {
    const decision = await decisionOf(aRequest({ headers }), world)
    expect(decision).toMatchObject({ outcome: 'allow', caller: { user } })
  })

  it('does not depend on the method', async () => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE', 'CONNECT', 'X']) {
      expect(await decisionOf(aRequest({ method }), world)).toEqual(deny('missing-credential'))
      const request = aRequest({ method, headers: bearer(KEY) })
      expect(await decisionOf(request, world)).toMatchObject({ outcome: 'allow' })
    }
  })

  it('reports the caller of a denial if it was identified', async () => {
    const answer = await anAuthorize(world)(aRequest({ headers: bearer('stranger-token') }))
    expect(answer).toMatchObject({
      decision: deny('not-permitted'),
      caller: { user: 'stranger' },
      target: { service: { name: 'iris' } },
    })
  })

  it('waits for data that is not in memory', async () => {
    const slow: World = {
      services: [aService()],
      tokens: new Map([['reader-token', Promise.resolve(known(aCaller()))]]),
      permits: () => Promise.resolve('unavailable'),
    }
    const request = aRequest({ headers: bearer('reader-token') })
    expect(await decisionOf(request, slow)).toEqual(deny('authorization-unavailable'))
  })

  it('asks RBAC about the target, for the identified caller', async () => {
    const asked: unknown[] = []
    const request = aRequest({ headers: bearer('reader-token') })
    await decisionOf(request, {
      services: [aService()],
      permits: (caller, { kind, namespace, name }) => {
        asked.push([caller, kind, namespace, name])
        return 'yes'
      },
    })
    expect(asked).toEqual([[aCaller(), 'InferenceService', 'team', 'iris']])
  })

  it('is decided again for each request', async () => {
    const permitted = new Set(['system:serviceaccount:team:reader'])
    const authorize = anAuthorize({
      services: [aService()],
      permits: ({ user }) => (permitted.has(user) ? 'yes' : 'no'),
    })
    const request = aRequest({ headers: bearer('reader-token') })
    expect((await authorize(request)).decision.outcome).toBe('allow')
    permitted.clear()
    expect((await authorize(request)).decision).toEqual(deny('not-permitted'))
  })
})

describe('an excluded path', () => {
  const world = { services: [aService(), open], workloads: [aWorkload()] }

  it('is allowed without identification, and keeps its credential', async () => {
    const request = { method: 'GET', path: '/healthz', headers: bearer('whatever') }
    expect(await decisionOf(aRequest(request), world)).toEqual(OPEN)
    expect(await decisionOf(atPod(request), world)).toEqual(OPEN)
  })

  it('of a workload is not excluded at a gateway', async () => {
    const request = { method: 'GET', path: '/metrics' }
    expect(await decisionOf(atPod(request), world)).toEqual(OPEN)
    expect(await decisionOf(aRequest(request), world)).toEqual(deny('missing-credential'))
  })

  it('of one component is not excluded at another', async () => {
    const llm = anLlm({ urls: ['llm.example.com'] })
    const graph = aService({ kind: 'InferenceGraph', urls: ['graph.example.com'] })
    for (const host of ['llm.example.com', 'graph.example.com']) {
      const request = aRequest({ host, method: 'GET', path: '/healthz' })
      const both = { services: [aService(), llm, graph] }
      expect(await decisionOf(request, both)).toEqual(deny('missing-credential'))
    }
  })

  it('of an unknown host is denied', async () => {
    const request = aRequest({ host: 'unknown.example.com', method: 'GET', path: '/healthz' })
    expect(await decisionOf(request, world)).toEqual(deny('unknown-target'))
  })

  it.each(['POST', 'OPTIONS', 'CONNECT', 'get', 'X'])('is not excluded with %s', async (method) => {
    const request = aRequest({ method, path: '/healthz' })
    expect(await decisionOf(request, world)).toEqual(deny('missing-credential'))
  })
})

describe('a CORS preflight', () => {
  const headers = { origin: 'https://a.example.com', 'access-control-request-method': 'POST' }
  const preflight = (given: Parameters<typeof aRequest>[0] = {}) =>
    aRequest({ method: 'OPTIONS', headers, ...given })
  const allowing: Partial<Settings> = { corsPreflight: 'allow' }
  const graph = aService({ kind: 'InferenceGraph', urls: ['graph.example.com'] })
  const services = [
    aService(),
    graph,
    aService({ name: 'gone', protection: 'lost', urls: ['gone.example.com'] }),
  ]

  it('is an ordinary request by default', async () => {
    expect(await decisionOf(preflight(), { services })).toEqual(deny('missing-credential'))
  })

  it('is allowed if the configuration exempts it', async () => {
    const world = { services, workloads: [aWorkload()], settings: allowing }
    expect(await decisionOf(preflight(), world)).toEqual(OPEN)
    expect(await decisionOf(atPod({ method: 'OPTIONS', headers }), world)).toEqual(OPEN)
  })

  it.each([
    ['a graph', { host: 'graph.example.com' }, 'missing-credential'],
    ['a lost service', { host: 'gone.example.com' }, 'unknown-target'],
    ['an unknown host', { host: 'unknown.example.com' }, 'unknown-target'],
    ['another method', { method: 'POST' }, 'missing-credential'],
    ['no Origin', { headers: { 'access-control-request-method': 'POST' } }, 'missing-credential'],
  ] as const)('is denied even then for %s', async (_title, given, reason) => {
    const decision = await decisionOf(preflight(given), { services, settings: allowing })
    expect(decision).toEqual(deny(reason))
  })

  it('is denied if a graph has the same host', async () => {
    const both = [aService(), aService({ kind: 'InferenceGraph', name: 'g' })]
    expect(await decisionOf(preflight(), { services: both, settings: allowing })).toEqual(
      deny('missing-credential'),
    )
  })
})

describe('several targets', () => {
  const first = aService({ namespace: 'a', name: 'first' })
  const second = aService({ namespace: 'b', name: 'second' })
  const keys = [
    anApiKey({ namespace: 'a', name: 'a' }),
    anApiKey({ namespace: 'b', name: 'b', user: 'bob' }),
  ]
  const withKey = aRequest({ headers: bearer(KEY) })

  it('must all allow', async () => {
    const services = [second, first]
    expect(await decisionOf(withKey, { services, keys })).toMatchObject({ outcome: 'allow' })
    for (const only of keys) {
      expect(await decisionOf(withKey, { services, keys: [only] })).toEqual(deny('unknown-api-key'))
    }
    expect(await decisionOf(aRequest(), { services, keys })).toEqual(deny('missing-credential'))
  })

  it('are protected if one of them is, in any order', async () => {
    for (const [one, other] of [
      ['open', 'protected'],
      ['protected', 'open'],
    ] as const) {
      const services = [
        { ...first, protection: one },
        { ...second, protection: other },
      ]
      expect(await decisionOf(aRequest(), { services })).toEqual(deny('missing-credential'))
      expect(await decisionOf(withKey, { services, keys })).toMatchObject({
        outcome: 'allow',
        caller: { kind: 'api-key' },
      })
    }
  })

  it('are denied if one is lost', async () => {
    for (const services of [
      [{ ...first, protection: 'lost' as const }, second],
      [first, { ...second, protection: 'lost' as const }],
    ]) {
      expect(await decisionOf(withKey, { services, keys })).toEqual(deny('unknown-target'))
    }
  })

  it('give the first denial in their order', async () => {
    const graph = aService({
      kind: 'InferenceGraph',
      namespace: 'z',
      name: 'z',
      protection: 'lost',
    })
    expect(await decisionOf(aRequest(), { services: [first, graph] })).toEqual(
      deny('unknown-target'),
    )
    const lost = aService({ namespace: 'z', name: 'z', protection: 'lost' })
    expect(await decisionOf(aRequest(), { services: [lost, first] })).toEqual(
      deny('missing-credential'),
    )
  })

  it('give the first denial in their order even if that one takes longer', async () => {
    const decision = await decisionOf(aRequest({ headers: bearer('reader-token') }), {
      services: [second, first],
      tokens: new Map([['reader-token', known(aCaller())]]),
      permits: (_caller, { namespace }) =>
        namespace === 'a' ? Promise.resolve('unavailable') : 'no',
    })
    expect(decision).toEqual(deny('authorization-unavailable'))
  })

  it('are excluded only if all are', async () => {
    const request = aRequest({ method: 'GET', path: '/healthz' })
    expect(await decisionOf(request, { services: [first, second] })).toEqual(OPEN)
    for (const kind of ['InferenceGraph', 'LLMInferenceService'] as const) {
      expect(await decisionOf(request, { services: [first, { ...second, kind }] })).toEqual(
        deny('missing-credential'),
      )
    }
  })

  it('with one address must all allow', async () => {
    const world = {
      services: [aService(), open],
      workloads: [
        aWorkload(),
        aWorkload({
          name: 'open-0',
          service: { kind: 'InferenceService', namespace: 'other', name: 'open' },
        }),
      ],
      keys: [anApiKey()],
    }
    const request = { host: '10.0.0.1' }
    expect(await decisionOf(atPod(request), world)).toEqual(deny('missing-credential'))
    const decision = await decisionOf(atPod({ ...request, headers: bearer(KEY) }), world)
    expect(decision).toMatchObject({ outcome: 'allow' })
  })

  it('from two declarations of one service must both allow', async () => {
    for (const services of [
      [aService(), aService({ protection: 'open' })],
      [aService({ protection: 'open' }), aService()],
    ]) {
      expect(await decisionOf(aRequest(), { services })).toEqual(deny('missing-credential'))
      const world = { services, workloads: [aWorkload()] }
      expect(await decisionOf(atPod(), world)).toEqual(deny('missing-credential'))
    }
  })
})

describe('a Host, a path or a header alone grants nothing', () => {
  const world: World = {
    services: [aService(), open, openLlm, anLlm()],
    workloads: [aWorkload()],
  }
  const missing = deny('missing-credential')
  const model = (name: string) => ({ 'x-gateway-model-name': name })

  it.each<[title: string, AccessRequest, Decision]>([
    [
      'the Host of an open service',
      atPod({ host: 'open.example.com' }),
      deny('conflicting-target'),
    ],
    ['a Host without a service', atPod({ host: 'nobody.example.com' }), missing],
    ['the path of an open LLM', aRequest({ path: '/llm/free/v1/models' }), missing],
    [
      'the model of an open LLM',
      aRequest({ headers: model('publishers/llm/models/free') }),
      missing,
    ],
    [
      'the model of an open LLM on the path of another',
      aRequest({
        host: 'gw.example.com',
        path: '/llm/chat/v1',
        headers: model('publishers/llm/models/free'),
      }),
      deny('conflicting-target'),
    ],
    [
      'the path of an open LLM with the model of another',
      aRequest({
        host: 'gw.example.com',
        path: '/llm/free/v1',
        headers: model('publishers/llm/models/meta/llama'),
      }),
      deny('conflicting-target'),
    ],
    [
      'the path of an open LLM with dots that lead to another',
      aRequest({ host: 'gw.example.com', path: '/llm/free/../chat/v1' }),
      deny('unsupported-request'),
    ],
    ['the path of an open LLM at a pod', atPod({ path: '/llm/free/v1/models' }), missing],
    [
      'headers of other proxies',
      aRequest({
        headers: {
          'x-forwarded-host': 'open.example.com',
          'x-envoy-original-path': '/healthz',
          'k-network-probe': 'probe',
        },
      }),
      missing,
    ],
  ])('%s', async (_title, request, decision) => {
    expect(await decisionOf(request, world)).toEqual(decision)
  })
})

describe('a sibling component', () => {
  const source = { address: '10.0.0.2', principal: 'spiffe://cluster.local/ns/team/sa/iris-sa' }
  const transformer = aWorkload({
    name: 'iris-transformer-0',
    addresses: ['10.0.0.2'],
    component: 'transformer',
  })
  const world: World = {
    services: [aService()],
    workloads: [aWorkload(), transformer],
    keys: [anApiKey()],
  }

  it('is allowed by its identity', async () => {
    expect(await decisionOf(atPod({ source }), world)).toMatchObject({
      outcome: 'allow',
      caller: { kind: 'component', reference: 'team/iris-transformer-0' },
      consumed: [],
    })
  })

  it('passes on its user, whose credential is removed', async () => {
    expect(await decisionOf(atPod({ source, headers: bearer(KEY) }), world)).toMatchObject({
      outcome: 'allow',
      caller: { kind: 'api-key' },
      consumed: [AUTHORIZATION],
    })
  })

  it('may pass on a credential meant for another service', async () => {
    expect(await decisionOf(atPod({ source, headers: bearer('other') }), world)).toMatchObject({
      outcome: 'allow',
      caller: { kind: 'component' },
      consumed: [],
    })
  })

  it('loses a valid credential at the model, even if its permission cannot be determined', async () => {
    const request = atPod({ source, headers: bearer('reader-token') })
    expect(await decisionOf(request, { ...world, permits: () => 'unavailable' })).toMatchObject({
      outcome: 'allow',
      caller: { kind: 'component' },
      consumed: [AUTHORIZATION],
    })
  })

  it('is not recognized at a gateway, nor at the pod of another service', async () => {
    expect(await decisionOf(aRequest({ source }), world)).toEqual(deny('missing-credential'))
    const service = { kind: 'InferenceService', namespace: 'team', name: 'other' } as const
    const elsewhere = {
      services: [aService({ name: 'other', urls: [] })],
      workloads: [aWorkload({ service }), transformer],
    }
    expect(await decisionOf(atPod({ source }), elsewhere)).toEqual(deny('missing-credential'))
  })

  it('of another trust domain is not recognized', async () => {
    const settings = { mesh: { trustDomain: 'example.org', intermediaries: [] } }
    expect(await decisionOf(atPod({ source }), { ...world, settings })).toEqual(
      deny('missing-credential'),
    )
  })
})

describe('the credential is removed', () => {
  const keys = [anApiKey()]
  const consumed = async (request: AccessRequest, world: World) => {
    const decision = await decisionOf(request, { services: [aService()], keys, ...world })
    return decision.outcome === 'allow' ? decision.consumed.map(({ name }) => name) : decision
  }
  const shown = { headers: { ...bearer(KEY), 'x-api-key': KEY } }
  const pod = (given: Partial<Workload> = {}) => ({ workloads: [aWorkload(given)] })

  it('from every place at the sidecar of the predictor', async () => {
    expect(await consumed(atPod(shown), pod())).toEqual(['authorization', 'x-api-key'])
  })

  it.each<[title: string, AccessRequest, World, readonly string[]]>([
    ['but not at a transformer', atPod(shown), pod({ component: 'transformer' }), []],
    ['but not at a gateway in front of a sidecar', aRequest(shown), pod(), []],
    ['but not at a gateway if no pod is known', aRequest(shown), {}, []],
    [
      'at a gateway in front of pods without a sidecar',
      aRequest(shown),
      pod({ sidecar: false }),
      ['authorization', 'x-api-key'],
    ],
    [
      'nowhere with `always`',
      atPod(shown),
      { ...pod(), settings: { forwardCredential: 'always' } },
      [],
    ],
    [
      'everywhere with `never`',
      aRequest(shown),
      { ...pod(), settings: { forwardCredential: 'never' } },
      ['authorization', 'x-api-key'],
    ],
  ])('%s', async (_title, request, world, expected) => {
    expect(await consumed(request, world)).toEqual(expected)
  })

  it('from a cookie as well', async () => {
    const place = { kind: 'cookie', name: 'session' } as const
    const sources = credentialSources([], [{ place, prefix: '' }])
    const settings = { credentialSources: sources.map((source) => ({ ...source, asToken: true })) }
    const request = atPod({ headers: { cookie: 'a=b; session=reader-token' } })
    expect(await decisionOf(request, { services: [aService()], ...pod(), settings })).toMatchObject(
      { outcome: 'allow', consumed: [place] },
    )
  })

  it('but not if one of several targets needs it later', async () => {
    const second = aService({ name: 'second' })
    const workloads = [
      aWorkload({ sidecar: false }),
      aWorkload({
        name: 'second-0',
        addresses: ['10.0.0.2'],
        service: { kind: 'InferenceService', namespace: 'team', name: 'second' },
      }),
    ]
    for (const services of [
      [aService(), second],
      [second, aService()],
    ]) {
      expect(await consumed(aRequest(shown), { services, workloads })).toEqual([])
    }
  })

  it('if another target is open and no later check needs it', async () => {
    for (const name of ['a', 'z']) {
      const services = [aService(), aService({ name, protection: 'open' })]
      expect(await consumed(aRequest(shown), { services, ...pod({ sidecar: false }) })).toEqual([
        'authorization',
        'x-api-key',
      ])
    }
  })
})

describe('the details of a decision', () => {
  const stepsOf = async (request: AccessRequest, world: World) => {
    const steps: string[] = []
    await anAuthorize(world)(request, (step) => steps.push(step))
    return steps.join('\n')
  }

  it('name the target, the place of the credential, the caller and the permission', async () => {
    const world = { services: [aService()], keys: [anApiKey()] }
    const steps = await stepsOf(aRequest({ headers: { 'x-api-key': KEY } }), world)
    expect(steps).toContain('InferenceService team/iris')
    expect(steps).toContain('x-api-key')
    expect(steps).toContain('apikey:team/iris-key')
    expect(steps).toContain('yes')
  })

  it.each([
    ['a valid key', bearer(KEY)],
    ['a valid token', bearer('reader-token')],
    ['an unknown key', bearer('unknown-secret')],
    ['another scheme', { authorization: 'Basic unknown-secret' }],
    ['two', { authorization: 'Bearer unknown-secret', 'x-api-key': KEY }],
  ])('never contain the credential: %s', async (_title, headers) => {
    const world = { services: [aService()], keys: [anApiKey()] }
    const steps = await stepsOf(aRequest({ headers }), world)
    expect(steps).not.toMatch(/unknown-secret|iris-key-0|reader-token/)
    expect(steps).not.toContain(anApiKey().digest)
  })

  it('do not affect it', async () => {
    const authorize = anAuthorize({ services: [aService()], keys: [anApiKey()] })
    const request = aRequest({ headers: bearer(KEY) })
    expect(await authorize(request, () => {})).toEqual(await authorize(request))
  })
})
