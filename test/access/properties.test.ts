import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import type { ApiKey } from '../../src/access/api-key.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import { idOf, type Protection, type Service } from '../../src/access/service.ts'
import type { Workload } from '../../src/access/workload.ts'
import {
  aDirectory,
  anApiKey,
  anAuthorize,
  anLlm,
  anyText,
  aRequest,
  aRoute,
  aService,
  aWorkload,
  NOW,
  type World,
} from '../../testing/builders.ts'

// ---- a small cluster

const SERVICES: readonly Service[] = [
  aService({ urls: ['iris.example.com', 'iris.team'] }),
  aService({ name: 'open', urls: ['open.example.com', 'gw.example.com'] }),
  aService({ name: 'part', urls: ['gw.example.com/serving/part'] }),
  aService({ name: 'deep', urls: ['gw.example.com/serving/part/deep'] }),
  aService({ kind: 'InferenceGraph', name: 'graph', urls: ['graph.example.com'] }),
  anLlm({ namespace: 'team' }),
  anLlm({ namespace: 'team', name: 'free', model: 'free' }),
  anLlm({ namespace: 'team', name: 'chat2' }),
]

const podOf = (
  name: string,
  address: string,
  given: Partial<Workload> & { kind?: Service['kind'] } = {},
): Workload => {
  const { kind = 'InferenceService', ...rest } = given
  const service = { kind, namespace: 'team', name }
  return aWorkload({ name: `${name}-${address}`, addresses: [address], service, ...rest })
}

const WORKLOADS: readonly Workload[] = [
  podOf('iris', '10.0.0.1'),
  podOf('iris', '10.0.0.2', { component: 'transformer' }),
  podOf('graph', '10.0.0.3', { kind: 'InferenceGraph', component: 'graph' }),
  podOf('chat', '10.0.0.4', { kind: 'LLMInferenceService', component: 'llm', sidecar: false }),
  podOf('chat', '10.0.0.5', { kind: 'LLMInferenceService', component: 'llm' }),
  podOf('open', '10.0.0.6', { component: undefined }),
  podOf('iris', '10.0.0.6'),
  podOf('open', '10.0.0.7'),
  podOf('gone', '10.0.0.8'),
]

const GOOD_KEY = 'iris-key-0123456789'
const TWICE = 'two-key-0123456789'

const KEYS: readonly ApiKey[] = [
  anApiKey(),
  anApiKey({ key: 'old-key-0123456789', name: 'old', expiresAt: NOW }),
  anApiKey({ key: TWICE, name: 'one' }),
  anApiKey({ key: TWICE, name: 'two' }),
  anApiKey({ key: 'far-key-0123456789', name: 'far', namespace: 'other' }),
]

const decide = (world: World, request: AccessRequest): Answer => {
  const answer = anAuthorize({ keys: KEYS, ...world })(request)
  if (answer instanceof Promise) throw new Error('every fact is in memory')
  return answer
}

// ---- requests

const PRINCIPAL = 'spiffe://cluster.local/ns/team/sa/iris-sa'
const SPELLINGS = [
  '/',
  '//',
  '/.',
  '/..',
  '/x/..',
  '/%2e%2e',
  '/..;',
  '/.;x',
  '%2F',
  '%2f..%2f',
  '%5c',
  '\\',
  ';x',
  ',x',
  '#',
  '?',
  '?/healthz',
  '%00',
  '%20',
  '%25',
  '%252e%252e',
  '%3f',
  'x',
]
const PATHS = [
  '/',
  '/healthz',
  '/health',
  '/metrics',
  '/readyz',
  '/debug/pprof/',
  '/v1/models/iris:predict',
  '/v2/models/my%20model/infer',
  '/serving/part/v1/models',
  '/serving/part/deep',
  '/team/chat/v1/chat/completions',
  '/team/free/v1/messages',
  '/publishers/team/models/meta/llama/v1/models',
  '/publishers/team/models/free',
]

const at = fc.nat(60)
const mutation: fc.Arbitrary<(path: string) => string> = fc.oneof(
  fc.tuple(at, fc.constantFrom(...SPELLINGS)).map(
    ([index, text]) =>
      (path: string) =>
        path.slice(0, index) + text + path.slice(index),
  ),
  fc.tuple(at, fc.boolean()).map(([index, upper]) => (path: string) => {
    const code = path.charCodeAt(index)
    if (Number.isNaN(code)) return path
    const hex = code.toString(16).padStart(2, '0')
    return `${path.slice(0, index)}%${upper ? hex.toUpperCase() : hex}${path.slice(index + 1)}`
  }),
  fc.constantFrom(...PATHS).map((prefix) => (path: string) => `${prefix}/../..${path}`),
)

const path = fc
  .tuple(fc.constantFrom(...PATHS), fc.array(mutation, { maxLength: 3 }))
  .map(([base, mutations]) => mutations.reduce((text, mutate) => mutate(text), base))
  .filter((text) => /^\/[\x21-\x7e]*$/.test(text))

const ODD_NAMES = ['__proto__', 'constructor', 'hasownproperty', 'x-forwarded-uri', 'x-foo', 'host']

const CREDENTIALS = [
  {},
  {},
  {},
  { authorization: `Bearer ${GOOD_KEY}` },
  { authorization: 'Bearer reader-token' },
  { 'x-api-key': GOOD_KEY },
  { 'api-key': GOOD_KEY, authorization: `bearer ${GOOD_KEY}` },
  { 'x-api-key': 'reader-token' },
  { authorization: 'Bearer old-key-0123456789' },
  { authorization: `Bearer ${TWICE}` },
  { authorization: 'Bearer far-key-0123456789' },
  { authorization: `Bearer ${GOOD_KEY},Bearer x` },
  { authorization: `Basic ${GOOD_KEY}` },
  { authorization: GOOD_KEY },
  { authorization_: `Bearer ${GOOD_KEY}`, x_api_key: GOOD_KEY },
  { authorization: 'Bearer x', 'x-api-key': GOOD_KEY },
  { authorization: '', cookie: `session=${GOOD_KEY}` },
  { 'x-forwarded-access-token': GOOD_KEY, 'proxy-authorization': `Bearer ${GOOD_KEY}` },
]

/** Whether the request has exactly one valid credential, and nothing that contradicts it. */
function showsGoodCredential({ headers }: AccessRequest): boolean {
  const shown = ['authorization', 'x-api-key', 'api-key'].map((name) => headers.get(name) ?? '')
  const [authorization = '', ...others] = shown
  const values = [authorization.replace(/^bearer /i, ''), ...others].filter((text) => text !== '')
  const [value] = values
  if (authorization !== '' && !/^bearer /i.test(authorization)) return false
  if (values.some((other) => other !== value)) return false
  return value === GOOD_KEY || (value === 'reader-token' && authorization !== '')
}

const hosts = ['iris', 'open', 'gw', 'graph', 'unknown'].map((name) => `${name}.example.com`)
const address = fc.constantFrom(
  undefined,
  ...WORKLOADS.flatMap(({ addresses }) => addresses),
  '10.9.9.9',
)
const principal = fc.constantFrom(
  undefined,
  undefined,
  PRINCIPAL,
  'spiffe://cluster.local/ns/other/sa/iris-sa',
  'spiffe://evil.local/ns/team/sa/iris-sa',
  'iris-sa',
)

/** The pod and the service of a call between its own components. */
const COMPONENT_CALLS: readonly (readonly [from: string, to: string])[] = [
  ['10.0.0.2', '10.0.0.1'],
  ['10.0.0.2', '10.0.0.6'],
  ['10.0.0.4', '10.0.0.5'],
  ['10.0.0.5', '10.0.0.4'],
  ['10.0.0.4', '10.0.0.4'],
  ['10.0.0.5', '10.0.0.5'],
]
const model = fc.constantFrom(
  'publishers/team/models/free',
  'publishers/team/models/meta/llama',
  'x',
)

const wildRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    position: fc.constantFrom('workload' as const, 'gateway' as const),
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'get', 'CONNECT', 'X'),
    path,
    host: fc.constantFrom(...hosts, 'iris.team', '10.0.0.1'),
    credential: fc.constantFrom<Readonly<Record<string, string>>[]>(...CREDENTIALS),
    model: fc.option(model, { nil: undefined, freq: 3 }),
    odd: fc.array(fc.tuple(fc.constantFrom(...ODD_NAMES), anyText(5)), { maxLength: 2 }),
    source: fc.record({ address, principal, port: fc.constant(1) }),
    destination: fc.record({
      address,
      principal,
      port: fc.constantFrom(undefined, 8012, 8080, 9090),
    }),
  })
  .map(({ credential, model: name, odd, ...request }) =>
    aRequest({
      ...request,
      headers: {
        ...Object.fromEntries(odd),
        ...credential,
        ...(name === undefined ? {} : { 'x-gateway-model-name': name }),
      },
    }),
  )

/** A request that many rules could allow: from a pod to a pod, or to a known host, without oddities. */
const tameRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    position: fc.constantFrom('workload' as const, 'gateway' as const),
    method: fc.constantFrom('GET', 'POST'),
    path: fc.constantFrom(...PATHS),
    host: fc.constantFrom(...hosts, '10.0.0.1'),
    headers: fc.constantFrom<Readonly<Record<string, string>>[]>(...CREDENTIALS),
    peers: fc.oneof(fc.tuple(address, address), fc.constantFrom(...COMPONENT_CALLS)),
    principal: fc.constantFrom(undefined, PRINCIPAL, PRINCIPAL),
    port: fc.constantFrom(8080, 9090),
  })
  .map(({ peers: [from, to], principal: ofCaller, port, ...request }) =>
    aRequest({
      ...request,
      source: { address: from, principal: ofCaller },
      destination: { address: to, port },
    }),
  )

const anyRequest = fc.oneof({ arbitrary: wildRequest, weight: 2 }, tameRequest)

const protections = fc.array(
  fc.constantFrom<Protection[]>('protected', 'protected', 'protected', 'open', 'lost'),
  { minLength: SERVICES.length, maxLength: SERVICES.length },
)

const protectedBy = (given: readonly Protection[]): Service[] =>
  SERVICES.map((service, index) => ({ ...service, protection: given[index] ?? 'protected' }))

// ---- reachable services: by scanning, and as each of several servers behind the gateway reads a path

const cut = (text: string) => text.split('?')[0] ?? ''
const unescaped = (text: string) =>
  text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
const unparametered = (text: string) => text.replace(/[;,][^/]*/g, '')
const slashed = (text: string) => text.replaceAll('\\', '/')
const merged = (text: string) => text.replace(/\/{2,}/g, '/')

function resolved(text: string): string {
  const segments: string[] = []
  for (const segment of text.split('/').slice(1)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

const READERS: readonly ((text: string) => string)[] = [
  cut,
  (text) => resolved(cut(text)),
  (text) => merged(cut(text)),
  (text) => resolved(merged(cut(text))),
  (text) => unescaped(cut(text)),
  (text) => cut(unescaped(cut(text))).split('#')[0] ?? '',
  (text) => resolved(slashed(cut(text))),
  (text) => resolved(unparametered(cut(text))),
  (text) => resolved(merged(slashed(unescaped(cut(text))))),
  (text) => resolved(merged(slashed(unparametered(unescaped(cut(text)))))),
  (text) => resolved(merged(slashed(unparametered(unescaped(unescaped(cut(text))))))),
]

const within = (text: string, prefix: string) => text === prefix || text.startsWith(`${prefix}/`)

function reachedAtGateway(
  { host, path: target, headers }: AccessRequest,
  services: readonly Service[],
) {
  const claimed = (service: Service, matches: (prefix: string) => boolean) =>
    service.routes.some(
      (route) =>
        (route.host === undefined || route.host === host) &&
        (route.pathPrefix === '' || matches(route.pathPrefix)),
    )
  const byPath = READERS.flatMap((reader) =>
    services.filter((service) => claimed(service, (prefix) => within(reader(target), prefix))),
  )
  const name = headers.get('x-gateway-model-name')
  const routed = byPath.some(({ kind }) => kind === 'LLMInferenceService')
  const byHeader = services.filter(({ routes }) =>
    routes.some((route) => route.host === undefined && route.pathPrefix === `/${name}`),
  )
  return routed ? byPath : [...byPath, ...byHeader]
}

type Held = { services: readonly Service[]; workloads: readonly Workload[] }

const podsAsked = ({ position, destination }: AccessRequest, workloads: readonly Workload[]) =>
  position === 'gateway' || destination.address === undefined
    ? []
    : workloads.filter(({ addresses }) => addresses.includes(destination.address ?? ''))

function reached(request: AccessRequest, { services, workloads }: Held): readonly Service[] {
  const pods = podsAsked(request, workloads)
  if (pods.length === 0) {
    return request.position === 'workload' ? [] : reachedAtGateway(request, services)
  }
  return services.filter((service) => pods.some((pod) => idOf(pod.service) === idOf(service)))
}

const OF_MODEL = ['/healthz', '/metrics', '/v1/metrics', '/wait-for-drain', '/debug/pprof/']

/** Whether everything reachable is open to everybody there; an independent implementation. */
function isExcluded(request: AccessRequest, held: Held): boolean {
  if (!['GET', 'HEAD'].includes(request.method)) return false
  const asked = cut(request.path)
  const pods = podsAsked(request, held.workloads)
  if (pods.length === 0) {
    return reached(request, held).every(
      ({ kind, protection }) =>
        protection === 'open' || (kind === 'InferenceService' && asked === '/healthz'),
    )
  }
  return pods.every((pod) => {
    const service = held.services.find((each) => idOf(each) === idOf(pod.service))
    if (service?.protection === 'open') return true
    switch (pod.component) {
      case undefined:
        return false
      case 'llm':
        return ['/health', '/metrics'].includes(asked)
      case 'graph':
        return asked === '/readyz' || (asked === '/metrics' && request.destination.port === 9090)
      default:
        return OF_MODEL.includes(asked)
    }
  })
}

function isOwnComponent({ position, source, destination }: AccessRequest): boolean {
  if (position === 'gateway' || source.principal !== PRINCIPAL) return false
  return COMPONENT_CALLS.some(([from, to]) => source.address === from && destination.address === to)
}

// ---- invariants

describe('no request', () => {
  it('reaches a protected service without a valid credential, however a server behind the gateway reads the path', () => {
    const found = { open: 0, excluded: 0, component: 0, credential: 0, denied: 0 }
    fc.assert(
      fc.property(protections, anyRequest, (given, request) => {
        const held = { services: protectedBy(given), workloads: WORKLOADS }
        const { decision } = decide(held, request)
        const guarded = reached(request, held).filter(({ protection }) => protection !== 'open')
        if (decision.outcome === 'deny') found.denied += guarded.length > 0 ? 1 : 0
        else if (guarded.length === 0) found.open += 1
        else {
          expect(guarded.filter(({ protection }) => protection === 'lost')).toEqual([])
          const excluded = isExcluded(request, held)
          const component = isOwnComponent(request)
          const credential = showsGoodCredential(request)
          expect(excluded || component || credential).toBe(true)
          found[excluded ? 'excluded' : component ? 'component' : 'credential'] += 1
        }
      }),
      { numRuns: 4_000 },
    )
    expect(Object.values(found).filter((count) => count < 5)).toEqual([])
    expect(found.denied).toBeGreaterThan(1_000)
  })

  it('to a service that denies everybody is allowed, whatever its credential', () => {
    const lost = SERVICES.map((service) => ({ ...service, protection: 'lost' as const }))
    fc.assert(
      fc.property(anyRequest, (request) => {
        const { decision } = decide({ services: lost, workloads: WORKLOADS }, request)
        expect(decision.outcome).toBe('deny')
      }),
      { numRuns: 500 },
    )
  })

  it('is allowed without a credential unless its path bytes, GET or HEAD, component and position match an exclusion', () => {
    let found = 0
    const held = { services: SERVICES, workloads: WORKLOADS }
    const plain = fc.record({
      path: fc.constantFrom(...PATHS, '/healthz?a=b', '/metrics?', '/readyz#', '/healthz/'),
      method: fc.constantFrom('GET', 'HEAD', 'POST'),
    })
    fc.assert(
      fc.property(anyRequest, fc.option(plain, { nil: {} }), (request, given) => {
        const asked = { ...request, ...given }
        const { decision } = decide(held, asked)
        if (decision.outcome === 'deny' || decision.caller !== undefined) return
        found += 1
        expect(isExcluded(asked, held)).toBe(true)
        expect([...OF_MODEL, '/health', '/readyz']).toContain(cut(asked.path))
      }),
      { numRuns: 2_000 },
    )
    expect(found).toBeGreaterThan(10)
  })

  it('gets another decision because of a header that is irrelevant to access', () => {
    const ours = [
      'authorization',
      'x-api-key',
      'api-key',
      'x-gateway-model-name',
      'user-agent',
      'k-network-probe',
    ]
    const name = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'x-forwarded-host', 'x-original-url', ':path'),
      anyText(8).filter((text) => !ours.includes(text)),
    )
    const world = { services: SERVICES, workloads: WORKLOADS }
    fc.assert(
      fc.property(anyRequest, name, anyText(8), (request, added, value) => {
        const headers = new Map([...request.headers, [added, value]])
        expect(decide(world, { ...request, headers })).toEqual(decide(world, request))
      }),
      { numRuns: 500 },
    )
  })
})

describe('an object added to the cluster', () => {
  const route = fc
    .tuple(fc.constantFrom(...hosts, '*'), fc.constantFrom('', '/team/chat', '/serving', '/v1'))
    .filter(([host, prefix]) => host !== '*' || prefix !== '')
    .map(([host, prefix]) => aRoute(`${host}${prefix}`))
  const newService: fc.Arbitrary<Service> = fc
    .record({
      kind: fc.constantFrom<Service['kind'][]>(
        'InferenceService',
        'InferenceGraph',
        'LLMInferenceService',
      ),
      protection: fc.constantFrom<Protection[]>('open', 'open', 'protected', 'lost'),
      namespace: fc.constantFrom('a', 'team', 'z'),
      routes: fc.array(route, { maxLength: 3 }),
    })
    .map(({ routes, ...given }) => ({ ...aService({ ...given, name: 'new' }), routes }))
  const some = fc.subarray([...SERVICES])
  const workloads = fc.subarray([...WORKLOADS])

  it('never opens another service: an allowed request goes to the new service, or the denial stays', () => {
    const found = { stayed: 0, own: 0 }
    fc.assert(
      fc.property(some, workloads, newService, anyRequest, (services, pods, added, request) => {
        const before = decide({ services, workloads: pods }, request)
        if (before.decision.outcome === 'allow') return
        const after = decide({ services: [...services, added], workloads: pods }, request)
        if (after.decision.outcome === 'deny') {
          found.stayed += 1
          return
        }
        found.own += 1
        expect(before.decision.reason).toBe('unknown-target')
        expect(before.target).toBeUndefined()
        // An LLM that the request names is a target on the new host, and allows its own callers.
        const judged = after.decision.caller !== undefined && showsGoodCredential(request)
        expect(judged || after.target?.service === added).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    expect(found.stayed).toBeGreaterThan(200)
    expect(found.own).toBeGreaterThan(0)
  })

  it('never opens another service: the new pod is among the targets of an allowed request', () => {
    const pod = fc
      .record({
        service: fc.constantFrom(
          ...SERVICES,
          aService({ name: 'new', protection: 'open', urls: [] }),
        ),
        address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.6', '10.9.9.9'),
        component: fc.constantFrom<Workload['component'][]>(
          'predictor',
          'transformer',
          'llm',
          undefined,
        ),
      })
      .map(({ service, address: ip, component }) =>
        aWorkload({
          name: 'new-0',
          addresses: [ip],
          component,
          service: { kind: service.kind, namespace: service.namespace, name: service.name },
        }),
      )
    const openOne = aService({ name: 'new', protection: 'open', urls: [] })
    const found = { stayed: 0, own: 0 }
    fc.assert(
      fc.property(protections, workloads, pod, anyRequest, (given, pods, added, request) => {
        const services = [...protectedBy(given), openOne]
        const before = decide({ services, workloads: pods }, request)
        if (before.decision.outcome === 'allow') return
        const after = decide({ services, workloads: [...pods, added] }, request)
        if (after.decision.outcome === 'deny') {
          found.stayed += 1
          return
        }
        found.own += 1
        const asked =
          request.position !== 'gateway' &&
          added.addresses.includes(request.destination.address ?? '')
        const alone = !pods.some(({ addresses }) =>
          addresses.includes(request.destination.address ?? ''),
        )
        const partOfIt =
          after.decision.caller?.kind === 'component' &&
          after.target !== undefined &&
          idOf(after.target.service) === idOf(added.service)
        expect((asked && alone) || partOfIt).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    expect(found.stayed).toBeGreaterThan(200)
    expect(found.own).toBeGreaterThan(0)
  })

  it('never opens anything if it is declared twice', () => {
    fc.assert(
      fc.property(protections, fc.nat(SERVICES.length - 1), anyRequest, (given, index, request) => {
        const services = protectedBy(given)
        const again = services[index] ?? aService()
        const before = decide({ services, workloads: WORKLOADS }, request)
        const twice = [...services, { ...again, protection: 'open' as const }]
        const after = decide({ services: twice, workloads: WORKLOADS }, request)
        expect(after.decision.outcome).toBe(before.decision.outcome)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the index', () => {
  type Change =
    | { readonly table: 'services'; readonly id: string; readonly value: Service | undefined }
    | { readonly table: 'workloads'; readonly id: string; readonly value: Workload | undefined }
    | { readonly table: 'keys'; readonly id: string; readonly value: ApiKey | undefined }

  const ROUTES = ['a', 'b', 'a/x', 'b/x', '*/x', '*/x/y'].map(aRoute)
  const NAMES = ['m', 'n', '__proto__']
  const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
  const id = fc.constantFrom('1', '2', '3', 'constructor', '__proto__')
  const name = fc.constantFrom(...NAMES)
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 })
  const service = fc
    .tuple(name, fc.array(fc.constantFrom(...ROUTES), { maxLength: 3 }))
    .map(([named, routes]): Service => ({ ...aService({ name: named }), routes }))
  const workload = fc
    .tuple(name, fc.array(fc.constantFrom(...ADDRESSES), { maxLength: 3 }))
    .map(([named, addresses]) =>
      aWorkload({
        addresses,
        service: { kind: 'InferenceService', namespace: 'team', name: named },
      }),
    )
  const key = fc.tuple(name, name).map(([namespace, text]) => anApiKey({ namespace, key: text }))
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ table: fc.constant('services' as const), id, value: optional(service) }),
    fc.record({ table: fc.constant('workloads' as const), id, value: optional(workload) }),
    fc.record({ table: fc.constant('keys' as const), id, value: optional(key) }),
  )

  it('gives the same results as a full scan after any changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const directory = aDirectory()
        const services = new Map<string, Service>()
        const pods = new Map<string, Workload>()
        const keys = new Map<string, ApiKey>()
        for (const made of changes) {
          if (made.table === 'services') apply(directory.services, services, made)
          else if (made.table === 'workloads') apply(directory.workloads, pods, made)
          else apply(directory.keys, keys, made)
          agree()
        }

        function agree() {
          const held = [...services.values()]
          const running = [...pods.values()]
          expect([...directory.services.values()]).toEqual(held)
          expect(directory.services.size()).toBe(held.length)
          for (const { host, pathPrefix } of ROUTES) {
            const claims = (each: Service) =>
              each.routes.some((own) => own.host === host && own.pathPrefix === pathPrefix)
            expect(directory.servicesRoutedBy({ host, pathPrefix })).toEqual(held.filter(claims))
            const divides = held.some((each) =>
              each.routes.some((own) => own.host === host && own.pathPrefix !== ''),
            )
            expect(directory.divides(host)).toBe(divides)
          }
          for (const named of NAMES) {
            const ref = aService({ name: named })
            expect(directory.servicesNamed(ref)).toEqual(held.filter((each) => each.name === named))
            expect(directory.workloadsOf(ref)).toEqual(
              running.filter((each) => each.service.name === named),
            )
            const { digest } = anApiKey({ key: named })
            expect(directory.keysWith('m', digest)).toEqual(
              [...keys.values()].filter((each) => each.namespace === 'm' && each.digest === digest),
            )
          }
          for (const ip of ADDRESSES) {
            expect(directory.workloadsAt(ip)).toEqual(
              running.filter((each) => each.addresses.includes(ip)),
            )
          }
        }
      }),
      { numRuns: 80 },
    )
  })

  /** An object that is put again counts as put last. */
  function apply<T>(
    table: { put: (id: string, value: T) => void; remove: (id: string) => void },
    held: Map<string, T>,
    made: { readonly id: string; readonly value: T | undefined },
  ) {
    held.delete(made.id)
    if (made.value === undefined) return table.remove(made.id)
    held.set(made.id, made.value)
    table.put(made.id, made.value)
  }
})
