// Judges whether a proxy asks about the requests to a service, from its pods, its routes and the policies at them.

import {
  type CustomPolicy,
  DEFAULT_ROOT_NAMESPACE,
  hasLabels,
  isNamedOurs,
  isOurs,
  maySelectGateway,
  maySelectGateways,
} from './authorization-policy.ts'
import type { TextMap } from './object.ts'
import type { OwnedRoute } from './owned-route.ts'
import { isAt, type SecurityPolicy } from './security-policy.ts'

/** Why no proxy asks about a request. */
export const UNGUARDED_REASONS = [
  'shared-pods',
  'pod-not-selected',
  'gateway-not-guarded',
  'check-replaced',
] as const
export type UnguardedReason = (typeof UNGUARDED_REASONS)[number]

/** Whether a proxy asks about each request. `unknown`: it depends on what cannot be read. */
export type GuardVerdict =
  | { readonly state: 'guarded' | 'unknown' }
  | {
      readonly state: 'unguarded'
      readonly reason: UnguardedReason
      /** The pod, Gateway or route that shows it; empty: none. */
      readonly at: string
    }

/** A pod that answers clients. */
export type GuardedPod = {
  readonly namespace: string
  readonly name: string
  readonly labels: TextMap
  readonly sidecar: boolean
}

/** The policies by which proxies ask; `undefined`: they cannot be read. */
export type GuardPolicies = {
  /** Of the root namespace and of this one. */
  readonly custom: readonly CustomPolicy[] | undefined
  readonly security: readonly SecurityPolicy[] | undefined
  /** Whether the cluster has neither kind: then proxies ask by configuration that is not known here. */
  readonly neither: boolean
}

/** What is known of a service. */
export type Guarded = {
  /** Whether its pods cannot be told apart from those of others. */
  readonly shared: boolean
  /** None: nothing can be called. */
  readonly pods: readonly GuardedPod[]
  readonly routes: readonly OwnedRoute[]
}

const GUARDED: GuardVerdict = { state: 'guarded' }
const UNKNOWN: GuardVerdict = { state: 'unknown' }
const unguarded = (reason: UnguardedReason, at = ''): GuardVerdict => ({
  state: 'unguarded',
  reason,
  at,
})

/** The worst of all pods and routes. */
export function guardOf({ shared, pods, routes }: Guarded, policies: GuardPolicies): GuardVerdict {
  if (shared) return unguarded('shared-pods')
  const bare = pods.some(({ sidecar }) => !sidecar)
  return worstOf([
    ...pods.filter(({ sidecar }) => sidecar).map((pod) => guardOfPod(pod, policies)),
    ...(bare ? guardsOfRoutes(routes, policies) : []),
  ])
}

function worstOf(guards: readonly GuardVerdict[]): GuardVerdict {
  const worst = guards.find(({ state }) => state === 'unguarded')
  return worst ?? (guards.some(({ state }) => state === 'unknown') ? UNKNOWN : GUARDED)
}

/** At a sidecar. A policy of another namespace counts only if it may be the root namespace. */
function guardOfPod(pod: GuardedPod, { custom, neither }: GuardPolicies): GuardVerdict {
  if (custom === undefined || neither) return UNKNOWN
  const root = rootIn(custom)
  const selecting = custom.filter(
    (policy) =>
      (root === undefined || policy.namespace === root || policy.namespace === pod.namespace) &&
      hasLabels(policy, pod),
  )
  const isCertain = ({ namespace }: CustomPolicy) =>
    namespace === DEFAULT_ROOT_NAMESPACE || namespace === pod.namespace
  if (selecting.some((policy) => isOurs(policy) && isCertain(policy))) return GUARDED
  if (selecting.length > 0) return UNKNOWN
  return unguarded('pod-not-selected', `Pod ${pod.namespace}/${pod.name}`)
}

/** Istio's usual root namespace, if it has a policy of ours; otherwise the mesh may name another. */
const rootIn = (custom: readonly CustomPolicy[]): string | undefined =>
  custom.some((policy) => policy.namespace === DEFAULT_ROOT_NAMESPACE && isOurs(policy))
    ? DEFAULT_ROOT_NAMESPACE
    : undefined

/** At the Gateways of each route; without a known route, at any Gateway. */
function guardsOfRoutes(
  routes: readonly OwnedRoute[],
  policies: GuardPolicies,
): readonly GuardVerdict[] {
  const { custom, security, neither } = policies
  if (neither) return [UNKNOWN]
  const places = routes.flatMap((route) => route.gateways.map((name) => ({ route, name })))
  if (places.length > 0)
    return places.map(({ route, name }) => guardOfRoute(route, gatewayOf(name), policies))
  const isAtGateway = ({ targets, selectors }: SecurityPolicy) =>
    [...targets].some((target) => target.startsWith('Gateway ')) ||
    selectors.some(({ kind }) => kind === 'Gateway')
  if (security?.some((policy) => asksUs(policy) && isAtGateway(policy)) === true) return [GUARDED]
  const isCertain = ({ namespace, targets }: CustomPolicy) =>
    namespace === DEFAULT_ROOT_NAMESPACE || targets.size > 0
  const selecting = custom?.filter(maySelectGateways) ?? []
  if (selecting.some((policy) => isOurs(policy) && isCertain(policy))) return [GUARDED]
  if (custom === undefined || security === undefined) return [UNKNOWN]
  const others = security.some(asksAnybody) || selecting.length > 0
  return [others ? UNKNOWN : unguarded('gateway-not-guarded')]
}

const gatewayOf = (written: string) => {
  const [namespace = '', name = ''] = written.split('/')
  return { kind: 'Gateway', namespace, name }
}

/** A SecurityPolicy at a route replaces that of the Gateway, unless it is merged. */
function guardOfRoute(
  route: OwnedRoute,
  gateway: ReturnType<typeof gatewayOf>,
  { custom, security }: GuardPolicies,
): GuardVerdict {
  const atRoute = security?.filter((policy) => isAt(policy, route)) ?? []
  const atGateway = security?.filter((policy) => isAt(policy, gateway)) ?? []
  if (atRoute.some(asksUs)) return GUARDED
  const replacing = atRoute.find(({ merged }) => !merged)
  const label = `Gateway ${gateway.namespace}/${gateway.name}`
  const selecting = custom?.filter((policy) =>
    maySelectGateway(policy, gateway, rootIn(custom) ?? policy.namespace),
  )
  const isCertain = (policy: CustomPolicy) =>
    maySelectGateway(policy, gateway, DEFAULT_ROOT_NAMESPACE)
  if (selecting?.some((policy) => isOurs(policy) && isCertain(policy))) return GUARDED
  if (atGateway.some(asksUs)) {
    if (replacing === undefined) return GUARDED
    if (asksAnybody(replacing)) return UNKNOWN
    return unguarded('check-replaced', `SecurityPolicy ${replacing.namespace}/${replacing.name}`)
  }
  if (custom === undefined || security === undefined) return UNKNOWN
  const others = [...atRoute, ...atGateway].some(asksAnybody) || (selecting?.length ?? 0) > 0
  return others ? UNKNOWN : unguarded('gateway-not-guarded', label)
}

const asksUs = ({ asks }: SecurityPolicy): boolean => asks.some(({ name }) => isNamedOurs(name))

/** The address may be this service's under another name. */
const asksAnybody = ({ asks, asksOtherwise }: SecurityPolicy): boolean =>
  asksOtherwise || asks.length > 0
