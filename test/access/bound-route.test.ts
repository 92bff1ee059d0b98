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
  it('binds the target, whatever host other services have', () => {
    const other = aService({ name: 'taker', urls: ['iris.example.com'] })
    const directory = world(aGatewayRoute())
    directory.services.put('taker', other)
    expect(found(directory)).toEqual([IRIS_ID])
    expect(found(directory, { binding: undefined })).toEqual([IRIS_ID, idOf(other)])
  })

  it('is refused where it is not known', () => {
    expect(found(world())).toBe('unknown-target')
    expect(found(world(aGatewayRoute({ namespace: 'other' })))).toBe('unknown-target')
    expect(found(world(aGatewayRoute({ kind: 'GRPCRoute' })))).toBe('unknown-target')
  })

  it.each<[title: string, asked: Asked]>([
    ['missing', { binding: 'missing' }],
    ['unreadable', { binding: 'unreadable' }],
  ])('is refused where it is %s', (_title, asked) => {
    const directory = world(aGatewayRoute())
    directory.services.put('by host', aService({ name: 'x', protection: 'open' }))
    expect(found(directory, asked)).toBe('unknown-target')
  })

  it.each<[title: string, route: Partial<GatewayRoute>, asked: Asked, agrees: boolean]>([
    ['its host', {}, {}, true],
    ['another host', {}, { host: 'open.example.com' }, false],
    ['any host where it has none', { hostnames: [] }, { host: 'a.b' }, true],
    [
      'a host below its domain',
      { hostnames: ['*.example.com'] },
      { host: 'a.b.example.com' },
      true,
    ],
    ['the domain itself', { hostnames: ['*.example.com'] }, { host: 'example.com' }, false],
    ['a host that ends like it', { hostnames: ['*.example.com'] }, { host: 'xexample.com' }, false],
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
    ['no such header', by({ headers: [['a', 'b']] }), {}, false],
    ['several values', by({ headers: [['a', 'b']] }), { headers: { a: 'c,b' } }, true],
    ['any value', by({ headers: [['a', undefined]] }), { headers: { a: 'c' } }, true],
    ['no value', by({ headers: [['a', undefined]] }), {}, false],
  ])('agrees with the request: %s', (_title, route, asked, agrees) => {
    expect(found(world(aGatewayRoute(route)), asked)).toEqual(
      agrees ? [IRIS_ID] : 'conflicting-target',
    )
  })

  function by(match: Partial<GatewayRouteMatch>): Partial<GatewayRoute> {
    return { rules: [aRule([to('iris')], aMatch(match))] }
  }

  it('does not count where the host has a dot at its end, or a port that is compared', () => {
    expect(found(world(aGatewayRoute()), { absoluteHost: true })).toBe('unsupported-request')
    const request = aRequest({ binding: BOUND, hostPort: 80 })
    const compared = { ...GATEWAYS, hostPort: 'compared' } as const
    expect(findTargets(request, world(aGatewayRoute()), compared, () => true)).toMatchObject({
      reason: 'unsupported-request',
    })
  })
})

describe('what a route leads to', () => {
  it.each<[title: string, backends: readonly RouteBackend[], ids: readonly string[] | string]>([
    ['a Service of a component', [to('iris-predictor')], [IRIS_ID]],
    ['the Service of the whole', [to('iris')], [IRIS_ID]],
    ['two of them', [to('iris'), to('open-predictor')], [IRIS_ID, OPEN_ID]],
    ['the pool of an LLM', [to('chat-inference-pool', 'InferencePool')], [idOf(CHAT)]],
    ['the Service of an LLM', [to('chat-kserve-workload-svc')], [idOf(CHAT)]],
    ['a pool of another name', [to('chat', 'InferencePool')], 'unknown-target'],
    ['a Service that nobody has', [to('nobody')], 'unknown-target'],
    ['a Service of that name elsewhere', [{ ...to('iris'), namespace: 'x' }], 'unknown-target'],
    ['something else of that name', [to('iris', 'other')], 'unknown-target'],
    ['one that is known and one that is not', [to('iris'), to('nobody')], 'unknown-target'],
    ['nothing', [], 'unknown-target'],
  ])('%s', (_title, backends, ids) => {
    expect(found(world(aGatewayRoute({ rules: [aRule(backends)] })))).toEqual(ids)
  })

  it('is not a service of another namespace that has the name of a Service as a host', () => {
    const directory = world(aGatewayRoute({ rules: [aRule([to('nobody')])] }))
    const taker = aService({ namespace: 'x', name: 'taker', protection: 'open' })
    const routes = [{ host: 'nobody.team', pathPrefix: '', basis: 'installation' }] as const
    directory.services.put('taker', { ...taker, routes })
    expect(found(directory)).toBe('unknown-target')
  })

  it('is asked together with the owner of the route', () => {
    const owner = { kind: 'InferenceService', namespace: 'team', name: 'open' } as const
    expect(found(world(aGatewayRoute({ owner })))).toEqual([IRIS_ID, OPEN_ID])
    expect(found(world(aGatewayRoute({ owner: { ...owner, name: 'gone' } })))).toBe(
      'unknown-target',
    )
    expect(found(world(aGatewayRoute({ owner, rules: [aRule([])] })))).toEqual([OPEN_ID])
  })

  it('is known under the path that the rule cuts', () => {
    const match = aMatch({ path: { type: 'prefix', value: '/team/chat/v1' }, cut: '/team/chat' })
    const rules = [aRule([to('chat-kserve-workload-svc')], match)]
    expect(found(world(aGatewayRoute({ rules })), { path: '/team/chat/v1/models' })).toEqual([
      `${idOf(CHAT)} /team/chat`,
    ])
  })
})

describe('of the rules of a route', () => {
  const prefix = (value: string, given: Partial<GatewayRouteMatch> = {}) =>
    aMatch({ path: { type: 'prefix', value }, ...given })
  const exact = (value: string) => aMatch({ path: { type: 'exact', value } })
  const pattern = aMatch({ path: { type: 'pattern', value: '' }, conditional: true })

  it.each<
    [title: string, iris: GatewayRouteMatch, open: GatewayRouteMatch, ids: readonly string[]]
  >([
    ['the longer prefix counts', prefix('/a/b'), prefix('/a'), [IRIS_ID]],
    ['the shorter prefix does not', prefix('/a'), prefix('/a/b'), [OPEN_ID]],
    ['the exact path counts', exact('/a/b'), prefix('/a/b'), [IRIS_ID]],
    ['the exact path counts before a pattern', pattern, exact('/a/b'), [OPEN_ID]],
    ['both count where one is a pattern', prefix('/a/b'), pattern, [IRIS_ID, OPEN_ID]],
    ['the method counts', prefix('/a', { method: 'POST' }), prefix('/a'), [IRIS_ID]],
    ['more headers count', prefix('/a', { headers: [['h', 'v']] }), prefix('/a'), [IRIS_ID]],
    [
      'both count where a method stands against headers',
      prefix('/a', { method: 'POST' }),
      prefix('/a', { headers: [['h', 'v']] }),
      [IRIS_ID, OPEN_ID],
    ],
    [
      'both count where the first has conditions that are not known',
      prefix('/a/b', { conditional: true }),
      prefix('/a'),
      [IRIS_ID, OPEN_ID],
    ],
    [
      'both count where the other has conditions that are not known',
      prefix('/a'),
      prefix('/a', { conditional: true }),
      [IRIS_ID, OPEN_ID],
    ],
    ['the first of two equals counts', prefix('/a'), prefix('/a'), [IRIS_ID]],
  ])('%s', (_title, iris, open, ids) => {
    const rules = [aRule([to('iris')], iris), aRule([to('open')], open)]
    const asked = { path: '/a/b', headers: { h: 'v' } }
    expect(found(world(aGatewayRoute({ rules })), asked)).toEqual(ids)
  })

  it('both count where a header has several values', () => {
    const headed = prefix('/a', { headers: [['h', 'v']] })
    const rules = [aRule([to('iris')], headed), aRule([to('open')], prefix('/a'))]
    const asked = { path: '/a/b', headers: { h: 'v,w' } }
    expect(found(world(aGatewayRoute({ rules })), asked)).toEqual([IRIS_ID, OPEN_ID])
  })

  it('only those count that have the name that the gateway says', () => {
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

  it('is the target, on whichever host', () => {
    expect(found(world(), { binding, host: 'open.example.com' })).toEqual([IRIS_ID])
  })

  it('is refused where it is not known', () => {
    const service = { kind: 'InferenceGraph', namespace: 'team', name: 'iris' } as const
    expect(found(world(), { binding: { route: undefined, service } })).toBe('unknown-target')
  })

  it('must allow together with the services of the route that it names', () => {
    const route = aGatewayRoute({ rules: [aRule([to('open')])] })
    expect(found(world(route), { binding: { ...BOUND, ...binding, route: BOUND.route } })).toEqual([
      IRIS_ID,
      OPEN_ID,
    ])
  })
})

describe('a path that the gateway makes another one of', () => {
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
