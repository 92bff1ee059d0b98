import { describe, expect, it } from 'vitest'
import { findTargets } from '../../src/access/find-targets.ts'
import type {
  GatewayRoute,
  GatewayRouteMatch,
  RouteBackend,
  RouteBinding,
} from '../../src/access/gateway-route.ts'
import { idOf, type Service } from '../../src/access/service.ts'
import {
  aDirectory,
  aGatewayRoute,
  aMatch,
  anAuthorize,
  aRequest,
  aRule,
  aService,
  BOUND,
  GATEWAYS,
  aBackend as to,
} from '../../testing/builders.ts'

type Asked = Parameters<typeof aRequest>[0]

const named = (name: string, given: Partial<Service> = {}): Service => ({
  ...aService({ name, ...given }),
  routes: ['', '-predictor'].map((part) => ({
    host: `${name}${part}.team`,
    pathPrefix: '',
    basis: 'unrouted-name',
  })),
})

const IRIS = named('iris')
const OPEN = named('open', { protection: 'open' })
const CHAT: Service = {
  ...aService({ kind: 'LLMInferenceService', name: 'chat', urls: ['*/team/chat'] }),
  routes: [
    { host: undefined, pathPrefix: '/team/chat', basis: 'published' },
    { host: 'chat-kserve-workload-svc.team', pathPrefix: '', basis: 'unrouted-name' },
  ],
}

function world(...routes: readonly GatewayRoute[]) {
  const directory = aDirectory({ services: [IRIS, OPEN, CHAT] })
  for (const route of routes) directory.routes.put(`${route.namespace}/${route.name}`, route)
  return directory
}

const found = (directory: ReturnType<typeof aDirectory>, asked: Asked = {}) => {
  const targets = findTargets(
    aRequest({ binding: BOUND, ...asked }),
    directory,
    GATEWAYS,
    () => true,
  )
  return 'outcome' in targets
    ? targets.reason
    : targets.map(({ service, pathPrefix }) => `${idOf(service)} ${pathPrefix}`.trim())
}

const [IRIS_ID, OPEN_ID] = [idOf(IRIS), idOf(OPEN)]

describe('the route that a gateway names', () => {
  it('determines the target, whatever host other services have', () => {
    const other = aService({ name: 'taker', urls: ['iris.example.com'] })
    const directory = world(aGatewayRoute())
    directory.services.put('taker', other)
    expect(found(directory)).toEqual([IRIS_ID])
    expect(found(directory, { binding: undefined })).toEqual([IRIS_ID, idOf(other)])
  })

  it('is denied if it is unknown', () => {
    expect(found(world())).toBe('unknown-target')
    expect(found(world(aGatewayRoute({ namespace: 'other' })))).toBe('unknown-target')
    expect(found(world(aGatewayRoute({ kind: 'GRPCRoute' })))).toBe('unknown-target')
  })

  it.each<[title: string, asked: Asked]>([
    ['missing', { binding: 'missing' }],
    ['unreadable', { binding: 'unreadable' }],
  ])('is denied if it is %s', (_title, asked) => {
    const directory = world(aGatewayRoute())
    directory.services.put('by host', aService({ name: 'x', protection: 'open' }))
    expect(found(directory, asked)).toBe('unknown-target')
  })

  it.each<[title: string, route: Partial<GatewayRoute>, asked: Asked, agrees: boolean]>([
    ['its host', {}, {}, true],
    ['another host', {}, { host: 'open.example.com' }, false],
    ['any host if it has none', { hostnames: [] }, { host: 'a.b' }, true],
    [
      'a host below its domain',
      { hostnames: ['*.example.com'] },
      { host: 'a.b.example.com' },
      true,
    ],
    ['the domain itself', { hostnames: ['*.example.com'] }, { host: 'example.com' }, false],
    [
      'a host that only ends like it',
      { hostnames: ['*.example.com'] },
      { host: 'xexample.com' },
      false,
    ],
    ['its prefix', by({ path: { type: 'prefix', value: '/a' } }), { path: '/a/b?c' }, true],
    ['its prefix alone', by({ path: { type: 'prefix', value: '/a' } }), { path: '/a' }, true],
    ['a longer segment', by({ path: { type: 'prefix', value: '/a' } }), { path: '/ab' }, false],
    ['other letters', by({ path: { type: 'prefix', value: '/a' } }), { path: '/A' }, false],
    ['its exact path', by({ path: { type: 'exact', value: '/a' } }), { path: '/a?b' }, true],
    ['a path below', by({ path: { type: 'exact', value: '/a' } }), { path: '/a/b' }, false],
    ['a pattern', by({ path: { type: 'pattern', value: '' } }), { path: '/any' }, true],
    ['its method', by({ method: 'POST' }), {}, true],
    ['another method', by({ method: 'GET' }), {}, false],
    ['its header', by({ headers: [['a', 'b']] }), { headers: { a: 'b' } }, true],
    ['another value', by({ headers: [['a', 'b']] }), { headers: { a: 'c' } }, false],
    ['a missing header', by({ headers: [['a', 'b']] }), {}, false],
    ['several values', by({ headers: [['a', 'b']] }), { headers: { a: 'c,b' } }, true],
    ['any value', by({ headers: [['a', undefined]] }), { headers: { a: 'c' } }, true],
    ['no value', by({ headers: [['a', undefined]] }), {}, false],
  ])('must match the request: %s', (_title, route, asked, agrees) => {
    expect(found(world(aGatewayRoute(route)), asked)).toEqual(
      agrees ? [IRIS_ID] : 'conflicting-target',
    )
  })

  function by(match: Partial<GatewayRouteMatch>): Partial<GatewayRoute> {
    return { rules: [aRule([to('iris')], aMatch(match))] }
  }

  it('does not match a host with a trailing dot, or with a port that counts', () => {
    expect(found(world(aGatewayRoute()), { absoluteHost: true })).toBe('unsupported-request')
    const request = aRequest({ binding: BOUND, hostPort: 80 })
    const compared = { ...GATEWAYS, hostPort: 'compared' } as const
    expect(findTargets(request, world(aGatewayRoute()), compared, () => true)).toMatchObject({
      reason: 'unsupported-request',
    })
  })
})

describe('the backends of a route', () => {
  it.each<[title: string, backends: readonly RouteBackend[], ids: readonly string[] | string]>([
    ['a Service of a component', [to('iris-predictor')], [IRIS_ID]],
    ['the Service of the whole InferenceService', [to('iris')], [IRIS_ID]],
    ['two of them', [to('iris'), to('open-predictor')], [IRIS_ID, OPEN_ID]],
    ['the pool of an LLM', [to('chat-inference-pool', 'InferencePool')], [idOf(CHAT)]],
    ['the Service of an LLM', [to('chat-kserve-workload-svc')], [idOf(CHAT)]],
    ['a pool with another name', [to('chat', 'InferencePool')], 'unknown-target'],
    ['an unknown Service', [to('nobody')], 'unknown-target'],
    [
      'a Service of that name in another namespace',
      [{ ...to('iris'), namespace: 'x' }],
      'unknown-target',
    ],
    ['another kind of that name', [to('iris', 'other')], 'unknown-target'],
    ['one known and one unknown', [to('iris'), to('nobody')], 'unknown-target'],
    ['nothing', [], 'unknown-target'],
  ])('%s', (_title, backends, ids) => {
    expect(found(world(aGatewayRoute({ rules: [aRule(backends)] })))).toEqual(ids)
  })

  it("do not include a service of another namespace whose host is the Service's name", () => {
    const directory = world(aGatewayRoute({ rules: [aRule([to('nobody')])] }))
    const taker = aService({ namespace: 'x', name: 'taker', protection: 'open' })
    const routes = [{ host: 'nobody.team', pathPrefix: '', basis: 'installation' }] as const
    directory.services.put('taker', { ...taker, routes })
    expect(found(directory)).toBe('unknown-target')
  })

  it('are targets together with the owner of the route', () => {
    const owner = { kind: 'InferenceService', namespace: 'team', name: 'open' } as const
    expect(found(world(aGatewayRoute({ owner })))).toEqual([IRIS_ID, OPEN_ID])
    expect(found(world(aGatewayRoute({ owner: { ...owner, name: 'gone' } })))).toBe(
      'unknown-target',
    )
    expect(found(world(aGatewayRoute({ owner, rules: [aRule([])] })))).toEqual([OPEN_ID])
  })

  it("are judged on the path after the rule's rewrite", () => {
    const match = aMatch({ path: { type: 'prefix', value: '/team/chat/v1' }, cut: '/team/chat' })
    const rules = [aRule([to('chat-kserve-workload-svc')], match)]
    expect(found(world(aGatewayRoute({ rules })), { path: '/team/chat/v1/models' })).toEqual([
      `${idOf(CHAT)} /team/chat`,
    ])
  })
})

describe('among the rules of a route', () => {
  const prefix = (value: string, given: Partial<GatewayRouteMatch> = {}) =>
    aMatch({ path: { type: 'prefix', value }, ...given })
  const exact = (value: string) => aMatch({ path: { type: 'exact', value } })
  const pattern = aMatch({ path: { type: 'pattern', value: '' }, conditional: true })

  it.each<
    [title: string, iris: GatewayRouteMatch, open: GatewayRouteMatch, ids: readonly string[]]
  >([
    ['the longer prefix wins', prefix('/a/b'), prefix('/a'), [IRIS_ID]],
    ['the shorter prefix loses', prefix('/a'), prefix('/a/b'), [OPEN_ID]],
    ['the exact path wins', exact('/a/b'), prefix('/a/b'), [IRIS_ID]],
    ['the exact path wins over a pattern', pattern, exact('/a/b'), [OPEN_ID]],
    ['both match if one is a pattern', prefix('/a/b'), pattern, [IRIS_ID, OPEN_ID]],
    ['the method wins', prefix('/a', { method: 'POST' }), prefix('/a'), [IRIS_ID]],
    ['more headers win', prefix('/a', { headers: [['h', 'v']] }), prefix('/a'), [IRIS_ID]],
    [
      'both match if one has a method and the other headers',
      prefix('/a', { method: 'POST' }),
      prefix('/a', { headers: [['h', 'v']] }),
      [IRIS_ID, OPEN_ID],
    ],
    [
      'both match if the first has unknown conditions',
      prefix('/a/b', { conditional: true }),
      prefix('/a'),
      [IRIS_ID, OPEN_ID],
    ],
    [
      'both match if the other has unknown conditions',
      prefix('/a'),
      prefix('/a', { conditional: true }),
      [IRIS_ID, OPEN_ID],
    ],
    ['the first of two equal rules wins', prefix('/a'), prefix('/a'), [IRIS_ID]],
  ])('%s', (_title, iris, open, ids) => {
    const rules = [aRule([to('iris')], iris), aRule([to('open')], open)]
    const asked = { path: '/a/b', headers: { h: 'v' } }
    expect(found(world(aGatewayRoute({ rules })), asked)).toEqual(ids)
  })

  it('both match if a header has several values', () => {
    const headed = prefix('/a', { headers: [['h', 'v']] })
    const rules = [aRule([to('iris')], headed), aRule([to('open')], prefix('/a'))]
    const asked = { path: '/a/b', headers: { h: 'v,w' } }
    expect(found(world(aGatewayRoute({ rules })), asked)).toEqual([IRIS_ID, OPEN_ID])
  })

  it('only those match that have the section name given by the gateway', () => {
    const rules = [
      { ...aRule([to('iris')]), section: 'one' },
      { ...aRule([to('open')]), section: 'two' },
    ]
    const binding = (section: string): RouteBinding => ({
      ...BOUND,
      route: { kind: 'HTTPRoute', namespace: 'team', name: 'iris', section },
    })
    expect(found(world(aGatewayRoute({ rules })), { binding: binding('two') })).toEqual([OPEN_ID])
    expect(found(world(aGatewayRoute({ rules })), { binding: binding('three') })).toBe(
      'conflicting-target',
    )
  })
})

describe('the service that a gateway names', () => {
  const binding: RouteBinding = {
    route: undefined,
    service: { kind: 'InferenceService', namespace: 'team', name: 'iris' },
  }

  it('is the target, on any host', () => {
    expect(found(world(), { binding, host: 'open.example.com' })).toEqual([IRIS_ID])
  })

  it('is denied if it is unknown', () => {
    const service = { kind: 'InferenceGraph', namespace: 'team', name: 'iris' } as const
    expect(found(world(), { binding: { route: undefined, service } })).toBe('unknown-target')
  })

  it('must allow together with the services of the named route', () => {
    const route = aGatewayRoute({ rules: [aRule([to('open')])] })
    expect(found(world(route), { binding: { ...BOUND, ...binding, route: BOUND.route } })).toEqual([
      IRIS_ID,
      OPEN_ID,
    ])
  })
})

describe('a path that the gateway rewrites', () => {
  const health = (cut: string | undefined) => {
    const services = [IRIS]
    const directory = aDirectory({ services })
    directory.routes.put('r', aGatewayRoute({ rules: [aRule([to('iris')], aMatch({ cut }))] }))
    const request = aRequest({ method: 'GET', path: '/healthz', binding: BOUND })
    return anAuthorize({ directory })(request)
  }

  it('is never excluded', () => {
    expect(health('')).toMatchObject({ decision: { outcome: 'allow' } })
    expect(health(undefined)).toMatchObject({ decision: { reason: 'missing-credential' } })
  })
})
