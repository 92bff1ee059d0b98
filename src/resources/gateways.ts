// The gateways that have the routes of a service.

import { ANY_GATEWAY, type GatewayName, istioGateway } from '../access/asking.ts'
import { isKnative, isStandard, isStopped } from './deployment-mode.ts'
import type { LlmConfig } from './llm-config.ts'
import { isSubdomainName, type KubernetesObject, listAt, textAt, valueAt } from './object.ts'
import type { ReadSettings } from './read-settings.ts'
import { MAX_URLS } from './status-urls.ts'

/** The gateways that may have the routes of a service, and those that certainly have them. */
export type Attachment = {
  /** `undefined`: not known. */
  readonly gateways: readonly GatewayName[] | undefined
  readonly attached: readonly GatewayName[]
}

/** With more gateways, a service counts as reachable at any. */
export const MAX_SERVICE_GATEWAYS = 32

const ANY: readonly GatewayName[] = [ANY_GATEWAY]

/**
 * The gateways of an LLMInferenceService: those that it names (otherwise KServe's own) and those in its
 * status. They certainly have its routes if both agree.
 */
export function gatewaysOfLlm(
  object: KubernetesObject,
  { gatewayRefs, routes }: Pick<LlmConfig, 'gatewayRefs' | 'routes'>,
  { ingress }: Pick<ReadSettings, 'ingress'>,
): Attachment {
  const { namespace, content } = object
  const parents = routes.flatMap((route) => listAt(route, 'spec', 'parentRefs'))
  const named = distinct([...gatewayRefs, ...parents].map((ref) => gatewayIn(ref, namespace)))
  const addresses = listAt(content, 'status', 'addresses').slice(0, MAX_URLS)
  const shown = distinct(
    addresses.flatMap((address) => {
      const origin = valueAt(address, 'origin')
      return textAt(origin, 'kind') === 'Gateway' ? [gatewayIn(origin, namespace)] : []
    }),
  )
  const byReference = routes.some((route) => listAt(route, 'refs').length > 0)
  const usual = named.length > 0 ? named : [ingress?.kserveGateway ?? ANY_GATEWAY]
  const wanted = byReference ? shown : usual
  const all = distinct([...wanted, ...shown])
  const isClear =
    !byReference &&
    addresses.length > 0 &&
    isUp(object, ['HTTPRoutesReady', 'GatewaysReady']) &&
    !parents.some(hasPart)
  return {
    // Each member of a routing group is reached by the routes of all members.
    gateways:
      isInGroup(object) || all.length === 0 || all.length > MAX_SERVICE_GATEWAYS ? ANY : all,
    attached: isClear
      ? wanted
          .filter((name) => name !== ANY_GATEWAY)
          .filter((name) => shown.length === 0 || shown.includes(name))
          .slice(0, MAX_SERVICE_GATEWAYS)
      : [],
  }
}

const GROUP = 'serving.kserve.io/routing-group'

const isInGroup = ({ content, labels }: KubernetesObject): boolean =>
  labels.has(GROUP) || (valueAt(content, 'spec', 'router', 'route', 'group') ?? '') !== ''

const distinct = (names: readonly GatewayName[]): readonly GatewayName[] => [...new Set(names)]

/** A reference to one listener of a gateway. */
export const hasPart = (ref: unknown): boolean =>
  (valueAt(ref, 'sectionName') ?? valueAt(ref, 'port') ?? undefined) !== undefined

/** A parent that is not a Gateway, or cannot be read, counts as any gateway. */
export function gatewayIn(ref: unknown, ownNamespace: string): GatewayName {
  const kind = valueAt(ref, 'kind') || 'Gateway'
  const group = valueAt(ref, 'group') || GATEWAY_API
  const name = textAt(ref, 'name') ?? ''
  const namespace = valueAt(ref, 'namespace') || ownNamespace
  const readable = typeof namespace === 'string' && isSubdomainName(name)
  return kind === 'Gateway' && group === GATEWAY_API && readable && isSubdomainName(namespace)
    ? `${namespace}/${name}`
    : ANY_GATEWAY
}

const GATEWAY_API = 'gateway.networking.k8s.io'

/** The gateways of an InferenceService or InferenceGraph: for its hosts, and for its cluster names. */
export function gatewaysOfNamed(
  object: KubernetesObject,
  settings: Pick<ReadSettings, 'ingress' | 'defaultDeploymentMode'>,
): { readonly hosts: Attachment; readonly clusterNames: Attachment } {
  const { ingress } = settings
  const isRouted = isUp(object, ['IngressReady'])
  const at = (name: string | undefined) => ({
    gateways: name === undefined ? undefined : [name],
    attached: name === undefined || !isRouted ? [] : [name],
  })
  if (isKnative(object, settings) && ingress?.istioHosts === true) {
    const { ingressGateway, localGateway } = ingress
    return {
      hosts: at(ingressGateway && istioGateway(ingressGateway)),
      clusterNames: at(localGateway && istioGateway(localGateway)),
    }
  }
  const isGatewayApi = isStandard(object, settings) && ingress?.gatewayApi === true
  const hosts = at(isGatewayApi ? ingress.kserveGateway : undefined)
  return { hosts, clusterNames: { gateways: undefined, attached: [] } }
}

/** Whether no condition, annotation or deletion shows that its routes are missing or being removed. */
const isUp = (object: KubernetesObject, conditions: readonly string[]): boolean =>
  !isStopped(object) &&
  (valueAt(object.content, 'metadata', 'deletionTimestamp') ?? undefined) === undefined &&
  listAt(object.content, 'status', 'conditions').every(
    (condition) =>
      !conditions.includes(textAt(condition, 'type') ?? '') ||
      valueAt(condition, 'status') === 'True',
  )
