// Paths that need no credential, with their defaults, and CORS preflight requests.

import { pathOf } from '../common/path.ts'
import type { AccessRequest, Position } from './request.ts'
import type { ServiceKind } from './service.ts'
import type { Target } from './target.ts'
import type { Component } from './workload.ts'

/** A path that needs no credential. Compared byte for byte; `/healthz` is not `/healthz/`. */
export type Exclusion = {
  readonly path: string
  readonly methods: readonly ('GET' | 'HEAD')[]
  /** Only for connections to one of these ports. */
  readonly ports?: readonly number[]
  /** Only for Knative's probes, which queue-proxy answers itself. */
  readonly knativeProbe?: boolean
}

export type Exclusions = {
  readonly workload: Readonly<Record<Component, readonly Exclusion[]>>
  readonly gateway: Readonly<Record<ServiceKind, readonly Exclusion[]>>
}

const paths = (...paths: string[]): readonly Exclusion[] =>
  paths.map((path) => ({ path, methods: ['GET', 'HEAD'] }))

/** `/v1/metrics` has the metrics of NVIDIA NIM. */
const OF_MODEL_PODS = paths(
  '/healthz',
  '/metrics',
  '/v1/metrics',
  '/wait-for-drain',
  '/debug/pprof/',
)

/** An InferenceGraph runs the graph on every path except `/readyz`, unless queue-proxy answers the request. */
export const DEFAULT_EXCLUSIONS: Exclusions = {
  workload: {
    predictor: OF_MODEL_PODS,
    transformer: OF_MODEL_PODS,
    explainer: OF_MODEL_PODS,
    llm: paths('/health', '/metrics'),
    graph: [
      ...paths('/readyz'),
      { path: '/metrics', methods: ['GET', 'HEAD'], ports: [9090, 9091] },
      { path: '/healthz', methods: ['GET', 'HEAD'], ports: [8012, 8013, 8112], knativeProbe: true },
    ],
  },
  gateway: {
    InferenceService: paths('/healthz'),
    InferenceGraph: [],
    LLMInferenceService: [],
  },
}

/** The defaults, with the lists that `own` names replaced. */
export const exclusionsWith = (
  own: {
    readonly [P in Position]?: {
      readonly [K in keyof Exclusions[P]]?: readonly Exclusion[] | undefined
    }
  },
): Exclusions => ({
  workload: replaced(DEFAULT_EXCLUSIONS.workload, own.workload),
  gateway: replaced(DEFAULT_EXCLUSIONS.gateway, own.gateway),
})

function replaced<K extends string>(
  defaults: Readonly<Record<K, readonly Exclusion[]>>,
  own: { readonly [P in K]?: readonly Exclusion[] | undefined } = {},
): Readonly<Record<K, readonly Exclusion[]>> {
  const lists: Record<K, readonly Exclusion[]> = { ...defaults }
  for (const key in defaults) lists[key] = own[key] ?? defaults[key]
  return lists
}

/** Whether this request to this target needs no credential. */
export function isExcluded(
  request: AccessRequest,
  { service, workload }: Target,
  exclusions: Exclusions,
): boolean {
  if (workload === undefined) return isListed(request, exclusions.gateway[service.kind])
  const { component } = workload
  return component !== undefined && isListed(request, exclusions.workload[component])
}

/** Whether the list has this request. `path`: of the request, without its query. */
export function isListed(
  request: AccessRequest,
  list: readonly Exclusion[],
  path = pathOf(request.path),
): boolean {
  const { method } = request
  if (list.length === 0 || (method !== 'GET' && method !== 'HEAD')) return false
  return list.some(
    (exclusion) =>
      exclusion.path === path &&
      exclusion.methods.includes(method) &&
      (exclusion.ports?.includes(request.destination.port ?? 0) ?? true) &&
      (exclusion.knativeProbe !== true || isKnativeProbe(request)),
  )
}

const isKnativeProbe = ({ headers }: AccessRequest): boolean =>
  headers.get('k-network-probe') === 'probe' ||
  (headers.get('user-agent') ?? '').startsWith('Knative-Activator-Probe')

/** Whether it is a CORS preflight request (Fetch standard). */
export const isPreflight = ({ method, headers }: AccessRequest): boolean =>
  method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
