import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_EXCLUSIONS,
  exclusionsWith,
  isExcluded,
  isPreflight,
} from '../../src/access/exclusions.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import type { ServiceKind } from '../../src/access/service.ts'
import type { Target } from '../../src/access/target.ts'
import { COMPONENTS, type Component } from '../../src/access/workload.ts'
import { isCanonicalPath } from '../../src/common/path.ts'
import { aRequest, aService, aWorkload } from '../../testing/builders.ts'

const atGateway = (kind: ServiceKind): Target => ({
  service: aService({ kind }),
  position: 'gateway',
  workload: undefined,
  pathPrefix: '',
})

const KINDS: Readonly<Record<Component, ServiceKind>> = {
  predictor: 'InferenceService',
  transformer: 'InferenceService',
  explainer: 'InferenceService',
  graph: 'InferenceGraph',
  llm: 'LLMInferenceService',
}

const atComponent = (component: Component): Target => ({
  service: aService({ kind: KINDS[component] }),
  position: 'workload',
  workload: aWorkload({ component }),
  pathPrefix: '',
})

const excluded = (request: AccessRequest, target: Target, exclusions = DEFAULT_EXCLUSIONS) =>
  isExcluded(request, target, exclusions)

const get = (path: string, port = 8080, headers: Readonly<Record<string, string>> = {}) =>
  aRequest({ method: 'GET', path, headers, destination: { port } })

const PATHS = [
  '/',
  '/health',
  '/healthz',
  '/metrics',
  '/v1/metrics',
  '/wait-for-drain',
  '/debug/pprof/',
  '/readyz',
  '/livez',
  '/v2/health/ready',
  '/v2/health/live',
  '/v1/models/iris:predict',
]

describe('without a credential everybody may request', () => {
  const ofModel = ['/healthz', '/metrics', '/v1/metrics', '/wait-for-drain', '/debug/pprof/']

  it.each<[Component, readonly string[]]>([
    ['predictor', ofModel],
    ['transformer', ofModel],
    ['explainer', ofModel],
    ['llm', ['/health', '/metrics']],
    ['graph', ['/readyz']],
  ])('a %s at its pod for %j', (component, expected) => {
    const target = atComponent(component)
    expect(PATHS.filter((path) => excluded(get(path), target))).toEqual(expected)
  })

  it.each<[ServiceKind, readonly string[]]>([
    ['InferenceService', ['/healthz']],
    ['InferenceGraph', []],
    ['LLMInferenceService', []],
  ])('an %s at a gateway for %j', (kind, expected) => {
    const target = atGateway(kind)
    expect(PATHS.filter((path) => excluded(get(path), target))).toEqual(expected)
  })

  it('nothing at a pod of an unknown component', () => {
    const target = { ...atComponent('predictor'), workload: aWorkload({ component: undefined }) }
    expect(PATHS.filter((path) => excluded(get(path), target))).toEqual([])
  })

  it('with GET and HEAD, whatever the query', () => {
    for (const method of ['GET', 'HEAD']) {
      for (const query of ['', '?', '?a=b', '?x=/../', '?/v2/models/iris/infer']) {
        const request = aRequest({ method, path: `/healthz${query}` })
        expect(excluded(request, atComponent('predictor'))).toBe(true)
      }
    }
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'Get', 'QUERY', 'GETX'])(
    'but not with %s',
    (method) => {
      expect(excluded(aRequest({ method, path: '/healthz' }), atComponent('predictor'))).toBe(false)
    },
  )
})

describe('at a graph', () => {
  const graph = atComponent('graph')
  const probe = { 'k-network-probe': 'probe' }
  const activator = { 'user-agent': 'Knative-Activator-Probe' }

  it.each([9090, 9091])('metrics on port %i of queue-proxy need no credential', (port) => {
    expect(excluded(get('/metrics', port), graph)).toBe(true)
  })

  it.each([8012, 8013, 8112])(
    "/healthz on port %i needs no credential for Knative's probers",
    (port) => {
      expect(excluded(get('/healthz', port, probe), graph)).toBe(true)
      expect(excluded(get('/healthz', port, activator), graph)).toBe(true)
      const versioned = { 'user-agent': 'Knative-Activator-Probe/1.0' }
      expect(excluded(get('/healthz', port, versioned), graph)).toBe(true)
    },
  )

  it.each([
    ["metrics on the router's port", '/metrics', 8080, {}],
    ['metrics on a port for requests', '/metrics', 8012, {}],
    ["metrics on the router's port for a prober", '/metrics', 8080, probe],
    ["health on the router's port for a prober", '/healthz', 8080, probe],
    ['health on the metrics port for a prober', '/healthz', 9090, probe],
    ["health without a prober's header", '/healthz', 8012, {}],
    ['health for a kubelet', '/healthz', 8012, { 'user-agent': 'kube-probe/1.36' }],
    ['health with another value of the header', '/healthz', 8012, { 'k-network-probe': 'queue' }],
    [
      'health with two values of the header',
      '/healthz',
      8012,
      { 'k-network-probe': 'probe,probe' },
    ],
    [
      'health with another user agent',
      '/healthz',
      8012,
      { 'user-agent': 'x Knative-Activator-Probe' },
    ],
    ['the model for a prober', '/', 8012, probe],
    ['a prediction for a prober', '/v1/models/iris:predict', 8012, activator],
  ])('no exclusion covers %s', (_title, path, port, headers) => {
    expect(excluded(get(path, port, headers), graph)).toBe(false)
  })

  it('an unknown port is not one of those', () => {
    const request = aRequest({ method: 'GET', path: '/metrics' })
    expect(excluded(request, graph)).toBe(false)
  })
})

describe('a header does not exclude a path', () => {
  it.each([
    ['user-agent', 'kube-probe/1.36'],
    ['user-agent', 'Knative-Activator-Probe'],
    ['k-network-probe', 'probe'],
    ['x-forwarded-uri', '/healthz'],
    ['x-original-url', '/healthz'],
    ['x-rewrite-url', '/healthz'],
    ['x-envoy-original-path', '/healthz'],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-prefix', '/healthz'],
    ['x-http-method-override', 'GET'],
  ])('%s: %s', (name, value) => {
    const request = get('/v2/models/iris/infer', 8080, { [name]: value })
    expect(excluded(request, atComponent('predictor'))).toBe(false)
    expect(excluded(request, atGateway('InferenceService'))).toBe(false)
  })

  it('or cancel an exclusion', () => {
    const headers = { 'x-forwarded-uri': '/v2', 'x-http-method-override': 'POST' }
    expect(excluded(get('/healthz', 8080, headers), atComponent('predictor'))).toBe(true)
  })
})

describe('a path that only resembles an excluded one is not excluded', () => {
  it.each([
    '/healthzX',
    '/healthz/',
    '/health',
    '/HEALTHZ',
    '//healthz',
    '/healthz//',
    '/./healthz',
    '/healthz/.',
    '/x/../healthz',
    '/../../healthz',
    '/v2/models/m/infer?/healthz',
    '/v2/m#/healthz',
    '/healthz#x',
    '/healthz%3f',
    '/healthz%23',
    '/healthz%00',
    '/healthz%20',
    '/%68ealthz',
    '/x/..%2fhealthz',
    '/%2e%2e/healthz',
    '/%252e%252e/healthz',
    '/%c0%ae%c0%ae/healthz',
    '/v1/..;/healthz',
    '/metrics/..;/v2/x',
    '/healthz;a=b',
    '/healthz,a=b',
    '/healthz\\',
    '\\healthz',
    '/healthz&x=?',
    '/debug/pprof',
    '/debug/pprof/heap',
    '/metrics-admin',
    '/metricsX?',
  ])('%s', (path) => {
    for (const component of COMPONENTS) {
      const request = get(path)
      const own = component === 'llm' && path === '/health'
      expect(excluded(request, atComponent(component))).toBe(own)
    }
    expect(excluded(get(path), atGateway('InferenceService'))).toBe(false)
  })
})

/** Envoy's normalization of a path by `meshConfig.pathNormalization`: NONE, BASE, MERGE_SLASHES, DECODE_AND_MERGE. */
const NORMALIZED: readonly (readonly [sent: string, ...arriving: string[]])[] = [
  ['/app/../admin', '/app/../admin', '/admin', '/admin', '/admin'],
  ['/app//', '/app//', '/app//', '/app/', '/app/'],
  ['/app/%2f', '/app/%2f', '/app/%2f', '/app/%2f', '/app/'],
  ['/xyz%30..//abc', '/xyz%30..//abc', '/xyz0..//abc', '/xyz0../abc', '/xyz0../abc'],
  ['/app/%2E./admin', '/app/%2E./admin', '/admin', '/admin', '/admin'],
  ['/app\\admin', '/app\\admin', '/app/admin', '/app/admin', '/app/admin'],
  [
    '/%2Fapp%5cadmin%5Cabc',
    '/%2Fapp%5cadmin%5Cabc',
    '/%2Fapp%5cadmin%5Cabc',
    '/%2Fapp%5cadmin%5Cabc',
    '/app/admin/abc',
  ],
  ['/app//../../admin', '/app//../../admin', '/admin', '/admin', '/admin'],
  ['/%61dmin', '/%61dmin', '/admin', '/admin', '/admin'],
  ['/admin%00', '/admin%00'],
  ['/app/..;/admin', '/app/..;/admin', '/admin', '/admin', '/admin'],
  ...[
    '/%252e%252e/admin',
    '/..;/admin',
    '/;/admin',
    '/admin;a=b',
    '/admin,a=b/x',
    '/Admin',
    '/%c0%ae%c0%ae/admin',
    '/%c1%9cadmin',
    '/0x2e0x2e/admin',
    '/.../admin',
    '/admin%3fx',
    '/admin%23x',
  ].map((path) => [path, path, path, path, path] as const),
]

describe('whatever Envoy normalizes', () => {
  const entries = ['/admin', '/app/', '/app/admin', '/app/admin/abc', '/xyz0../abc']
  const exclusions = exclusionsWith({
    workload: { predictor: entries.map((path) => ({ path, methods: ['GET', 'HEAD'] })) },
  })

  it.each(NORMALIZED)(
    '%s is excluded only if it arrives exactly as an entry is written',
    (...forms) => {
      for (const path of forms) {
        expect(excluded(get(path), atComponent('predictor'), exclusions)).toBe(
          entries.includes(path),
        )
      }
    },
  )
})

describe('changing an excluded path by any byte, raw or encoded', () => {
  const paths = ['/healthz', '/metrics', '/debug/pprof/']
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)
  const spellings = bytes.flatMap((byte) => {
    const hex = byte.toString(16).padStart(2, '0')
    return [String.fromCharCode(byte), `%${hex}`, `%${hex.toUpperCase()}`]
  })
  const changesOf = (path: string) =>
    Array.from(path, (_, at) =>
      spellings.flatMap((text) => [
        path.slice(0, at) + text + path.slice(at),
        path.slice(0, at) + text + path.slice(at + 1),
      ]),
    ).flat()

  it.each(paths)('of %s ends the exclusion', (path) => {
    const target = atComponent('predictor')
    // `/healthz?` cut short by a query is another path; none here starts with an entry and a `?`.
    const excludedOnes = changesOf(path).filter((changed) => excluded(get(changed), target))
    expect(excludedOnes.filter((changed) => changed !== path)).toEqual([])
  })
})

describe('the default exclusions', () => {
  it('are canonical paths, so that no other path is excluded', () => {
    const { workload, gateway } = DEFAULT_EXCLUSIONS
    const entries = [...Object.values(workload), ...Object.values(gateway)].flat()
    expect(entries.filter(({ path }) => !isCanonicalPath(path))).toEqual([])
  })
})

describe('the configured exclusions', () => {
  const own = exclusionsWith({
    workload: { predictor: [{ path: '/v2/health/ready', methods: ['GET'] }], graph: [] },
    gateway: { LLMInferenceService: [{ path: '/health', methods: ['GET', 'HEAD'] }] },
  })

  it('replace the list they name', () => {
    expect(excluded(get('/v2/health/ready'), atComponent('predictor'), own)).toBe(true)
    expect(excluded(get('/healthz'), atComponent('predictor'), own)).toBe(false)
    expect(excluded(get('/readyz'), atComponent('graph'), own)).toBe(false)
    expect(excluded(get('/health'), atGateway('LLMInferenceService'), own)).toBe(true)
  })

  it('keep the other lists', () => {
    expect(excluded(get('/healthz'), atComponent('transformer'), own)).toBe(true)
    expect(excluded(get('/healthz'), atGateway('InferenceService'), own)).toBe(true)
    expect(exclusionsWith({})).toEqual(DEFAULT_EXCLUSIONS)
  })

  it('apply to their methods only', () => {
    const head = aRequest({ method: 'HEAD', path: '/v2/health/ready' })
    expect(excluded(head, atComponent('predictor'), own)).toBe(false)
  })
})

describe('an exclusion implies', () => {
  it('GET or HEAD, and the exact bytes of an entry up to the query', () => {
    const piece = fc.constantFrom(
      '/healthz',
      '/metrics',
      '/debug',
      '/pprof/',
      '/readyz',
      '/',
      '..',
      '%2e',
      '?',
      '#',
      ';',
      '\\',
    )
    const path = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''))
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'get')
    const allowed: Readonly<Record<Component, readonly string[]>> = {
      predictor: ['/healthz', '/metrics', '/v1/metrics', '/wait-for-drain', '/debug/pprof/'],
      transformer: ['/healthz', '/metrics', '/v1/metrics', '/wait-for-drain', '/debug/pprof/'],
      explainer: ['/healthz', '/metrics', '/v1/metrics', '/wait-for-drain', '/debug/pprof/'],
      graph: ['/readyz'],
      llm: ['/health', '/metrics'],
    }
    let found = 0
    fc.assert(
      fc.property(path, method, fc.constantFrom(...COMPONENTS), (text, verb, component) => {
        const request = aRequest({ method: verb, path: text, destination: { port: 8080 } })
        if (!excluded(request, atComponent(component))) return
        found += 1
        expect(['GET', 'HEAD']).toContain(verb)
        expect(allowed[component]).toContain(text.split('?')[0])
      }),
      { numRuns: 3_000 },
    )
    expect(found).toBeGreaterThan(5)
  })
})

describe('a CORS preflight', () => {
  const headers = { origin: 'https://a.example.com', 'access-control-request-method': 'POST' }

  it('is OPTIONS with Origin and the requested method', () => {
    expect(isPreflight(aRequest({ method: 'OPTIONS', headers }))).toBe(true)
  })

  it.each([
    ['another method', { method: 'GET', headers }],
    ['another case', { method: 'options', headers }],
    ['no Origin', { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } }],
    ['no requested method', { method: 'OPTIONS', headers: { origin: 'https://a.example.com' } }],
  ])('is not recognized with %s', (_title, given) => {
    expect(isPreflight(aRequest(given))).toBe(false)
  })
})
