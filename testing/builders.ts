import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { ApiKey } from '../src/access/api-key.ts'
import { type Authentication, known } from '../src/access/authentication.ts'
import { createAuthorize } from '../src/access/authorize.ts'
import type { NamedCaller } from '../src/access/caller.ts'
import { credentialSources } from '../src/access/credential.ts'
import { createDirectory, type Directory } from '../src/access/directory.ts'
import { DEFAULT_EXCLUSIONS } from '../src/access/exclusions.ts'
import type { IsFresh } from '../src/access/freshness.ts'
import {
  type GatewayRoute,
  type GatewayRouteMatch,
  type GatewayRouteRule,
  idOfRoute,
  type RouteBackend,
  type RouteBinding,
} from '../src/access/gateway-route.ts'
import type { Gateways } from '../src/access/gateways.ts'
import type { AuthenticateToken, IdentitySources } from '../src/access/identify.ts'
import type { Settings } from '../src/access/judge.ts'
import type { Policy } from '../src/access/policy.ts'
import type { AccessRequest, Peer } from '../src/access/request.ts'
import { idOf, type Route, type Service } from '../src/access/service.ts'
import type { Workload } from '../src/access/workload.ts'
import type { MaybePromise } from '../src/common/maybe-promise.ts'

export const NOW = Date.parse('2026-11-21T12:00:00Z')

/** Any text, with control characters and lone surrogates; faster than fast-check's own. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.nat(0x7f), fc.nat(0xff), fc.nat(0xffff)), { maxLength })
    .map((codes) => String.fromCharCode(...codes))

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A route in the form of a URL: `iris.example.com/prefix`, or `*` for any host. */
export function aRoute(url: string): Route {
  const [host = ''] = url.split('/', 1)
  return {
    host: host === '*' ? undefined : host,
    pathPrefix: url.slice(host.length),
    basis: host === '*' ? 'published' : 'installation',
  }
}

/** The protected InferenceService team/iris; `urls` are its routes. */
export const aService = ({
  urls = ['iris.example.com'],
  ...given
}: Partial<Omit<Service, 'routes'>> & { urls?: readonly string[] } = {}): Service => ({
  kind: 'InferenceService',
  namespace: 'team',
  name: 'iris',
  protection: 'protected',
  ...given,
  routes: urls.map(aRoute),
})

/** The protected LLMInferenceService llm/chat, whose model is meta/llama; its status has no host. */
export function anLlm({
  model = 'meta/llama',
  ...given
}: Partial<Omit<Service, 'routes' | 'kind'>> & {
  urls?: readonly string[]
  model?: string
} = {}): Service {
  const { namespace = 'llm', name = 'chat' } = given
  return aService({
    namespace,
    name,
    models: [`publishers/${namespace}/models/${model}`],
    urls: [`*/${namespace}/${name}`, `*/publishers/${namespace}/models/${model}`],
    ...given,
    kind: 'LLMInferenceService',
  })
}

/** Gateways of an installation with Istio, without configured hosts. */
export const GATEWAYS: Gateways = {
  isLlmHost: () => false,
  hostPort: 'ignored',
  unpublishedLlms: true,
}

/** A pod with a sidecar: the predictor of team/iris at 10.0.0.1. */
export const aWorkload = (given: Partial<Workload> = {}): Workload => ({
  namespace: given.service?.namespace ?? 'team',
  name: 'iris-predictor-0',
  addresses: ['10.0.0.1'],
  serviceAccount: 'iris-sa',
  service: { kind: 'InferenceService', namespace: 'team', name: 'iris' },
  component: 'predictor',
  sidecar: true,
  knative: false,
  ...given,
})

/** A key for all services of the namespace team; `key` is its text. */
export const anApiKey = ({
  key = 'iris-key-0123456789',
  ...given
}: Partial<Omit<ApiKey, 'digest'>> & { key?: string } = {}): ApiKey => ({
  namespace: 'team',
  name: 'iris-key',
  services: undefined,
  expiresAt: undefined,
  user: 'apikey:team/iris-key',
  groups: [],
  labels: new Map(),
  ...given,
  digest: digestOf(key),
})

export const aCaller = (given: Partial<NamedCaller> = {}): NamedCaller => ({
  kind: 'kubernetes',
  user: 'system:serviceaccount:team:reader',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  uid: 'uid-1',
  extra: {},
  inRbac: true,
  reference: 'team/reader',
  ...given,
})

const NO_PEER: Peer = { address: undefined, port: undefined, principal: undefined }

type GivenRequest = Partial<Omit<AccessRequest, 'headers' | 'source' | 'destination'>> & {
  readonly headers?: Readonly<Record<string, string>>
  readonly source?: Partial<Peer>
  readonly destination?: Partial<Peer>
}

/** A prediction request to iris.example.com at a gateway, without headers. */
export const aRequest = ({
  headers = {},
  source = {},
  destination = {},
  ...given
}: GivenRequest = {}): AccessRequest => ({
  position: 'gateway',
  method: 'POST',
  path: '/v1/models/iris:predict',
  host: 'iris.example.com',
  ...given,
  headers: new Map(Object.entries(headers)),
  source: { ...NO_PEER, ...source },
  destination: { ...NO_PEER, ...destination },
})

/** The same at the sidecar of the pod at 10.0.0.1. */
export const atPod = ({ destination = {}, ...given }: GivenRequest = {}): AccessRequest =>
  aRequest({
    position: 'workload',
    ...given,
    destination: { address: '10.0.0.1', port: 8080, ...destination },
  })

type Held = {
  readonly services?: readonly Service[]
  readonly workloads?: readonly Workload[]
  readonly keys?: readonly ApiKey[]
  readonly policies?: readonly Policy[]
  readonly routes?: readonly GatewayRoute[]
}

export function aDirectory({
  services = [],
  workloads = [],
  keys = [],
  policies = [],
  routes = [],
}: Held = {}): Directory {
  const directory = createDirectory()
  for (const [index, service] of services.entries()) {
    directory.services.put(`${index} ${idOf(service)}`, service)
  }
  for (const [index, workload] of workloads.entries()) {
    directory.workloads.put(`${index} ${workload.namespace}/${workload.name}`, workload)
  }
  for (const [index, key] of keys.entries()) {
    directory.keys.put(`${index} ${key.namespace}/${key.name}`, key)
  }
  for (const [index, policy] of policies.entries()) {
    directory.policies.put(`${index} ${policy.namespace}/${policy.name}`, policy)
  }
  for (const route of routes) directory.routes.put(idOfRoute(route), route)
  return directory
}

/** The route HTTPRoute team/iris of iris.example.com, which leads to the predictor of team/iris. */
export const aGatewayRoute = (given: Partial<GatewayRoute> = {}): GatewayRoute => ({
  kind: 'HTTPRoute',
  namespace: 'team',
  name: 'iris',
  owner: undefined,
  accepted: true,
  hostnames: ['iris.example.com'],
  rules: [aRule([aBackend('iris-predictor')])],
  ...given,
})

/** A rule that matches every request if it has no matches. */
export const aRule = (
  backends: readonly RouteBackend[],
  ...matches: readonly GatewayRouteMatch[]
): GatewayRouteRule => ({
  section: undefined,
  matches: matches.length === 0 ? [aMatch()] : matches,
  backends,
})

export const aMatch = (given: Partial<GatewayRouteMatch> = {}): GatewayRouteMatch => ({
  path: { type: 'prefix', value: '' },
  method: undefined,
  headers: [],
  conditional: false,
  cut: '',
  ...given,
})

/** A Kubernetes Service in the namespace team. */
export const aBackend = (name: string, kind: RouteBackend['kind'] = 'Service'): RouteBackend => ({
  kind,
  namespace: 'team',
  name,
})

/** The metadata of a gateway that has selected `aRoute()`. */
export const BOUND: RouteBinding = {
  route: { kind: 'HTTPRoute', namespace: 'team', name: 'iris', section: undefined },
  service: undefined,
}

export type World = Held & {
  /** Replaces the whole directory. */
  readonly directory?: Directory
  /** The caller of each token; by default `reader-token` identifies `aCaller()`. */
  readonly tokens?: ReadonlyMap<string, MaybePromise<Authentication>>
  /** Replaces `tokens`. */
  readonly authenticateToken?: AuthenticateToken
  readonly permits?: IdentitySources['permits']
  readonly grants?: NonNullable<IdentitySources['grants']>
  readonly synced?: boolean
  /** True by default. */
  readonly isFresh?: IsFresh
  readonly settings?: Partial<Settings>
}

export const TOKENS: ReadonlyMap<string, MaybePromise<Authentication>> = new Map([
  ['reader-token', known(aCaller())],
])

const SETTINGS: Settings = {
  exclusions: DEFAULT_EXCLUSIONS,
  credentialSources: credentialSources(['authorization', 'x-api-key', 'api-key'], []),
  corsPreflight: 'deny',
  forwardCredential: 'auto',
  mesh: {
    trustDomain: 'cluster.local',
    intermediaries: ['istio-system/*', 'knative-serving/activator'],
  },
  gateways: GATEWAYS,
}

/** The decision wired as in the program, with fake tokens, a fake RBAC and a clock that stands still. */
export const anAuthorize = ({
  tokens = TOKENS,
  authenticateToken = ({ value, asToken }) => (asToken ? tokens.get(value) : undefined),
  permits = () => 'yes',
  grants = () => false,
  synced = true,
  isFresh = () => true,
  settings = {},
  directory,
  ...held
}: World = {}) =>
  createAuthorize(
    {
      directory: directory ?? aDirectory(held),
      synced: () => synced,
      isFresh,
      now: () => NOW,
      sha256: digestOf,
      authenticateToken,
      permits,
      grants,
    },
    { ...SETTINGS, ...settings },
  )
