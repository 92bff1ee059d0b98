import { describe, expect, it } from 'vitest'
import { ANY_GATEWAY, type Asking, UNKNOWN_GATEWAY } from '../../src/access/asking.ts'
import { createDirectory } from '../../src/access/directory.ts'
import { findTargets } from '../../src/access/find-targets.ts'
import type { GatewayRoute, GatewayRouteMatch } from '../../src/access/gateway-route.ts'
import { MAX_VALUES } from '../../src/access/header-values.ts'
import { MAX_ROUTE_KEYS } from '../../src/access/route-index.ts'
import { GATEWAY_LAG_MS } from '../../src/access/route-versions.ts'
import type { Service } from '../../src/access/service.ts'
import {
  aGatewayRoute,
  aMatch,
  anLlm,
  aRequest,
  aRule,
  aService,
  GATEWAYS,
  aBackend as to,
} from '../../testing/builders.ts'

const GATEWAY = 'kserve/kserve-ingress-gateway'
const AT_GATEWAY: Asking = { gateways: new Set([GATEWAY]) }

const named = (name: string, hosts: readonly string[] = []): Service => ({
  ...aService({ name, urls: hosts }),
  routes: [
    ...aService({ name, urls: hosts }).routes,
    { host: `${name}-predictor.team`, pathPrefix: '', basis: 'unrouted-name' },
  ],
})

/** An open model at its host, and those to which other routes lead. */
const SERVICES = [named('iris', ['iris.example.com']), named('fraud'), named('taxi')]

const own = (name: string, given: Partial<GatewayRoute> = {}): GatewayRoute =>
  aGatewayRoute({
    name,
    hostnames: [],
    rules: [aRule([to(`${name}-predictor`)])],
    gateways: [GATEWAY],
    attached: [GATEWAY],
    ...given,
  })

const by = (name: string, match: Partial<GatewayRouteMatch>, given: Partial<GatewayRoute> = {}) =>
  own(name, { rules: [aRule([to(`${name}-predictor`)], aMatch(match))], ...given })

const prefix = (value: string) => ({ path: { type: 'prefix', value } }) as const

function world(...routes: readonly GatewayRoute[]) {
  let now = 0
  const directory = createDirectory(() => now)
  for (const service of SERVICES) directory.services.put(service.name, service)
  for (const route of routes) directory.routes.put(route.name, route)
  const ask = (
    asked: Parameters<typeof aRequest>[0] = {},
    { asking = AT_GATEWAY, fresh = true } = {},
  ) => {
    const found = findTargets(
      aRequest({ host: 'iris.example.com', path: '/v1/models/m:predict', ...asked }),
      directory,
      { ...GATEWAYS, asking },
      () => fresh,
    )
    return 'outcome' in found ? found.reason : found.map(({ service: { name } }) => name)
  }
  return { ask, directory, pass: (ms: number) => (now += ms) }
}

const NOBODY = { host: 'nobody.example.net' }
const OWN_HOST = { host: 'fraud.example.org' }

describe('at a gateway that names no route, an HTTPRoute', () => {
  it.each<[title: string, route: GatewayRoute, found: readonly string[] | string]>([
    ['of its host', own('fraud', { hostnames: ['fraud.example.org'] }), ['fraud']],
    ['of a wider host', own('fraud', { hostnames: ['*.example.org'] }), ['fraud']],
    ['of another host', own('fraud', { hostnames: ['other.example.org'] }), 'unknown-target'],
    ['of any host', own('fraud'), 'unknown-target'],
    [
      'not accepted',
      own('fraud', { hostnames: ['fraud.example.org'], attached: [] }),
      'unknown-target',
    ],
    [
      'of another gateway',
      own('fraud', { hostnames: ['fraud.example.org'], gateways: ['a/b'], attached: ['a/b'] }),
      'unknown-target',
    ],
  ])('%s lets its service answer there, or nobody', (_title, route, found) => {
    expect(world(route).ask(OWN_HOST)).toEqual(found)
  })

  it('lets nobody answer where the gateway is not known', () => {
    const { ask } = world(own('fraud', { hostnames: ['fraud.example.org'] }))
    expect(ask(OWN_HOST, { asking: UNKNOWN_GATEWAY })).toBe('unknown-target')
  })

  it.each<
    [
      title: string,
      match: Partial<GatewayRouteMatch>,
      asked: Parameters<typeof aRequest>[0],
      taken: boolean,
    ]
  >([
    ['every path', prefix(''), {}, true],
    ['a prefix', prefix('/v1/models'), {}, true],
    ['a prefix of a segment', prefix('/v1/mod'), {}, false],
    ['an exact path', { path: { type: 'exact', value: '/v1/models/m:predict' } }, {}, true],
    ['another exact path', { path: { type: 'exact', value: '/v1' } }, {}, false],
    ['a pattern', { path: { type: 'pattern', value: '/v1' } }, {}, true],
    ['a pattern elsewhere', { path: { type: 'pattern', value: '/v2' } }, {}, false],
    [
      'a pattern with another end',
      { path: { type: 'pattern', value: '', ending: '/infer' } },
      {},
      false,
    ],
    ['a deep prefix', prefix('/a'.repeat(20)), { path: `${'/a'.repeat(20)}/b` }, true],
    ['a deeper prefix', prefix('/a'.repeat(21)), { path: '/a'.repeat(20) }, false],
    ['its method', { method: 'POST' }, { method: 'POST' }, true],
    ['another method', { method: 'PUT' }, { method: 'POST' }, false],
    ['its header', { headers: [['x-a', 'b']] }, { headers: { 'x-a': 'b' } }, true],
    ['one of two lines', { headers: [['x-a', 'b']] }, { headers: { 'x-a': 'c,b' } }, true],
    ['a value with a comma', { headers: [['x-a', 'b,c']] }, { headers: { 'x-a': 'b,c' } }, true],
    ['another value', { headers: [['x-a', 'b']] }, { headers: { 'x-a': 'c' } }, false],
    ['a pattern of a header', { headers: [['x-a', undefined]] }, { headers: { 'x-a': 'c' } }, true],
    ['a header that is not there', { headers: [['x-a', undefined]] }, {}, false],
    ['a query, which may be there', { conditional: true }, {}, true],
  ])('has to allow as well where it takes %s', (_title, match, asked, taken) => {
    for (const asking of [AT_GATEWAY, UNKNOWN_GATEWAY]) {
      expect(world(by('fraud', match)).ask(asked, { asking })).toEqual(
        taken ? ['fraud', 'iris'] : ['iris'],
      )
    }
  })

  it('counts at none but its gateways', () => {
    expect(world(own('fraud', { gateways: ['a/b'] })).ask()).toEqual(['iris'])
    expect(world(own('fraud', { gateways: [ANY_GATEWAY] })).ask()).toEqual(['fraud', 'iris'])
    expect(world(own('fraud', { gateways: [] })).ask()).toEqual(['iris'])
  })

  it('does not count on a host that another one has exactly', () => {
    const host = own('iris', { hostnames: ['iris.example.com'] })
    expect(world(own('fraud'), host).ask()).toEqual(['iris'])
    expect(world(own('fraud', { hostnames: ['*.example.com'] }), host).ask()).toEqual(['iris'])
    expect(world(own('fraud', { hostnames: ['iris.example.com'] }), host).ask()).toEqual([
      'fraud',
      'iris',
    ])
    expect(world(own('fraud'), { ...host, attached: [] }).ask()).toEqual(['fraud', 'iris'])
    expect(
      world(own('fraud', { gateways: [GATEWAY, 'a/b'] }), host).ask(
        {},
        { asking: UNKNOWN_GATEWAY },
      ),
    ).toEqual(['fraud', 'iris'])
    expect(world(own('fraud'), host).ask({}, { fresh: false })).toEqual(['fraud', 'iris'])
  })

  it.each<[title: string, first: GatewayRoute, both: boolean]>([
    ['a longer path', by('taxi', prefix('/v1/models')), false],
    [
      'a longer path that also asks for a query',
      by('taxi', { ...prefix('/v1/models'), conditional: true }),
      true,
    ],
    [
      'a longer path of a narrower host',
      by('taxi', prefix('/v1/models'), { hostnames: ['*.example.com'] }),
      false,
    ],
    [
      'a longer path that is not accepted',
      by('taxi', prefix('/v1/models'), { attached: [] }),
      true,
    ],
    ['the same path', by('taxi', prefix('/v1')), true],
  ])('does not count after %s, for certain', (_title, first, both) => {
    const { ask } = world(by('fraud', prefix('/v1')), first)
    expect(ask()).toEqual(both ? ['fraud', 'iris', 'taxi'] : ['iris', 'taxi'])
  })

  it('with a pattern does not count after a path, at a gateway that looks at paths first', () => {
    const { ask } = world(
      by('fraud', { path: { type: 'pattern', value: '' } }),
      by('taxi', prefix('/v1')),
    )
    expect(ask()).toEqual(['fraud', 'iris', 'taxi'])
    expect(ask({}, { asking: { ...AT_GATEWAY, pathsFirst: true } })).toEqual(['iris', 'taxi'])
  })

  it('excludes an own route of any host on a host of its own', () => {
    const llm = anLlm({ name: 'greedy', urls: [], gateways: [GATEWAY] })
    const greedy: Service = {
      ...llm,
      routes: [{ host: undefined, pathPrefix: '', basis: 'shared', own: true }],
    }
    const asked = (given: Partial<GatewayRoute> = {}) => {
      const { ask, directory } = world(own('fraud', { hostnames: [OWN_HOST.host], ...given }))
      directory.services.put('greedy', greedy)
      return ask
    }
    expect(asked()(OWN_HOST)).toEqual(['fraud'])
    expect(asked()(OWN_HOST, { fresh: false })).toBe('unknown-target')
    expect(asked({ hostnames: ['*.example.org'] })(OWN_HOST)).toEqual(['fraud', 'greedy'])
    expect(asked({ attached: [] })(OWN_HOST)).toBe('unknown-target')
  })

  it('that a service names replaces what the status of this service shows', () => {
    const chat: Service = {
      ...anLlm({ name: 'chat', namespace: 'team', urls: [] }),
      routes: [{ host: undefined, pathPrefix: '/v1', basis: 'published' }],
      hosts: ['iris.example.com'],
      httpRoutes: ['fraud'],
    }
    const { ask, directory } = world(by('fraud', { headers: [['x-a', 'b']] }))
    directory.services.put('chat', chat)
    expect(ask()).toEqual(['iris'])
    expect(ask({}, { asking: UNKNOWN_GATEWAY })).toEqual(['iris', 'chat'])
    expect(ask({}, { fresh: false })).toEqual(['iris', 'chat'])
    directory.services.put('chat', { ...chat, httpRoutes: ['fraud', 'other'] })
    expect(ask()).toEqual(['iris', 'chat'])
    directory.routes.put(
      'other',
      by(
        'chat',
        {},
        {
          name: 'other',
          rules: [aRule([], aMatch(prefix('/v1')))],
          owner: { kind: 'LLMInferenceService', namespace: 'team', name: 'chat' },
        },
      ),
    )
    expect(ask()).toEqual(['iris', 'chat'])
  })

  it('lets nobody through at a known gateway where it may lead to something else in a namespace of models', () => {
    const elsewhere = (backend: ReturnType<typeof to>) =>
      own('fraud', { rules: [aRule([backend])] })
    const cases: readonly (readonly [ReturnType<typeof to>, string | readonly string[]])[] = [
      [to('own-service'), 'unknown-target'],
      [{ ...to('own-service'), namespace: 'shop' }, ['iris']],
      [{ ...to('iris', 'other'), namespace: 'shop' }, 'unknown-target'],
    ]
    for (const [backend, found] of cases) {
      expect(world(elsewhere(backend)).ask()).toEqual(found)
      expect(world(elsewhere(backend)).ask({}, { asking: UNKNOWN_GATEWAY })).toEqual(['iris'])
    }
  })

  it('refuses a header that selects a route and has too many values', () => {
    const { ask } = world(by('fraud', { headers: [['x-a', 'b']] }))
    expect(ask({ headers: { 'x-a': 'c,'.repeat(MAX_VALUES) } })).toBe('conflicting-target')
  })

  it('counts where it has too many hostnames and matches for the index', () => {
    const hostnames = ['iris.example.com', ...Array.from({ length: 99 }, (_, at) => `h${at}.test`)]
    const matches = Array.from({ length: MAX_ROUTE_KEYS / 100 + 1 }, (_, at) =>
      aMatch(prefix(`/p${at}`)),
    )
    const route = own('fraud', { hostnames, rules: [aRule([to('fraud-predictor')], ...matches)] })
    expect(world(route).ask({ path: '/p3/x' })).toEqual(['fraud', 'iris'])
    expect(world(route).ask()).toEqual(['iris'])
  })
})

describe('if the asking gateway is not known, an HTTPRoute', () => {
  const beyond = (gateway: string) => ({
    asking: { gateways: undefined, except: new Set([gateway]) },
  })

  it('does not count if the addresses of all its gateways are known', () => {
    const { ask } = world(own('fraud'))
    expect(ask({}, beyond(GATEWAY))).toEqual(['iris'])
    expect(ask({}, beyond('a/b'))).toEqual(['fraud', 'iris'])
    expect(world(own('fraud', { gateways: [GATEWAY, 'a/c'] })).ask({}, beyond(GATEWAY))).toEqual([
      'fraud',
      'iris',
    ])
  })

  it('does not count if no gateway has accepted it', () => {
    const { ask } = world(own('fraud', { accepted: false }))
    expect(ask({}, { asking: UNKNOWN_GATEWAY })).toEqual(['iris'])
    expect(ask()).toEqual(['fraud', 'iris'])
  })

  it('counts while gateways may learn of it before its status shows that', () => {
    const { ask, directory, pass } = world()
    const unknown = { asking: UNKNOWN_GATEWAY }
    pass(GATEWAY_LAG_MS)
    directory.routes.put('fraud', own('fraud', { accepted: false }))
    expect(ask({}, unknown)).toEqual(['fraud', 'iris'])
    pass(GATEWAY_LAG_MS)
    expect(ask({}, unknown)).toEqual(['iris'])
    directory.routes.remove('fraud')
    expect(ask({}, unknown)).toEqual(['fraud', 'iris'])
    pass(GATEWAY_LAG_MS)
    expect(ask({}, unknown)).toEqual(['iris'])
  })
})

describe('while gateways learn of a changed HTTPRoute', () => {
  it('the version before also has to allow', () => {
    const { ask, directory, pass } = world(own('fraud'))
    pass(GATEWAY_LAG_MS)
    directory.routes.put('fraud', own('fraud', { hostnames: ['other.example.org'] }))
    expect(ask()).toEqual(['fraud', 'iris'])
    pass(GATEWAY_LAG_MS)
    expect(ask()).toEqual(['iris'])
  })

  it('a deleted one also has to allow', () => {
    const { ask, directory, pass } = world(own('fraud'))
    directory.routes.remove('fraud')
    expect(ask()).toEqual(['fraud', 'iris'])
    pass(GATEWAY_LAG_MS)
    expect(ask()).toEqual(['iris'])
  })

  it('a new one neither opens its host nor excludes another', () => {
    const { ask, directory, pass } = world(own('fraud'))
    pass(GATEWAY_LAG_MS)
    directory.routes.put('iris', own('iris', { hostnames: ['iris.example.com', 'new.test'] }))
    expect([ask(), ask({ host: 'new.test' })]).toEqual([['fraud', 'iris'], 'unknown-target'])
    pass(GATEWAY_LAG_MS)
    expect([ask(), ask({ host: 'new.test' })]).toEqual([['iris'], ['iris']])
  })
})

it('without HTTPRoutes a request is found by what KServe makes', () => {
  expect(world().ask()).toEqual(['iris'])
  expect(world().ask(NOBODY)).toBe('unknown-target')
})
