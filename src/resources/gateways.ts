import { ANY_GATEWAY, type GatewayName, istioGateway } from '../access/asking.ts'
import { isKnative, isStandard } from './deployment-mode.ts'
import type { LlmConfig } from './llm-config.ts'
import { isSubdomainName, type KubernetesObject, listAt, textAt, valueAt } from './object.ts'
import type { ReadSettings } from './read-settings.ts'
import { MAX_URLS } from './status-urls.ts'

/** The gateways that may have the routes of a service, and those that surely have them. */
export type Attachment = {
  /** `undefined`: not known. */
  readonly gateways: readonly GatewayName[] | undefined
  readonly attached: readonly GatewayName[]
}

/** More gateways of one service are not told apart. */
export const MAX_SERVICE_GATEWAYS = 32

const ANY: readonly GatewayName[] = [ANY_GATEWAY]

/**
 * The gateways of an LLMInferenceService: those that it names, else KServe's own, and those that its status
 * shows. They have its routes for certain where all of these are the same.
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
    // The members of a routing group are reached by the routes of each of them.
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

/** A listener of a gateway, and not all of them. */
const hasPart = (ref: unknown): boolean =>
  (valueAt(ref, 'sectionName') ?? valueAt(ref, 'port') ?? undefined) !== undefined

/** A parent that is no Gateway, or that cannot be read, stands for all of them. */
function gatewayIn(ref: unknown, ownNamespace: string): GatewayName {
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

/** The gateways of an InferenceService or InferenceGraph at which its hosts are, and its cluster names. */
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

const STOP = 'serving.kserve.io/stop'

/** Whether nothing says that its routes are going, or not there yet. */
const isUp = ({ annotations, content }: KubernetesObject, conditions: readonly string[]): boolean =>
  annotations.get(STOP)?.trim().toLowerCase() !== 'true' &&
  (valueAt(content, 'metadata', 'deletionTimestamp') ?? undefined) === undefined &&
  listAt(content, 'status', 'conditions').every(
    (condition) =>
      !conditions.includes(textAt(condition, 'type') ?? '') ||
      valueAt(condition, 'status') === 'True',
  )
