// Reads the gateways of HTTPRoutes and GRPCRoutes.

import { ANY_GATEWAY, type GatewayName } from '../access/asking.ts'
import { type Attachment, gatewayIn, hasPart, MAX_SERVICE_GATEWAYS } from './gateways.ts'
import { type KubernetesObject, listAt, valueAt } from './object.ts'

/**
 * The gateways that a route names, and those of them that have accepted it as it is now, on all of their
 * listeners.
 */
export function parentsOf({ namespace, content }: KubernetesObject): Attachment {
  const refs = listAt(content, 'spec', 'parentRefs').filter((ref) => !isService(ref))
  const names = [...new Set(refs.map((ref) => gatewayIn(ref, namespace)))]
  if (names.length > MAX_SERVICE_GATEWAYS) return { gateways: [ANY_GATEWAY], attached: [] }
  const accepted = new Set(
    listAt(content, 'status', 'parents')
      .slice(0, MAX_PARENTS)
      .filter((parent) => isAccepted(parent, valueAt(content, 'metadata', 'generation')))
      .map((parent) => valueAt(parent, 'parentRef'))
      .filter((ref) => !hasPart(ref))
      .map((ref) => gatewayIn(ref, namespace)),
  )
  const whole = new Set<GatewayName>(
    refs.filter((ref) => !hasPart(ref)).map((ref) => gatewayIn(ref, namespace)),
  )
  return {
    gateways: names,
    attached: names.filter((name) => name !== ANY_GATEWAY && whole.has(name) && accepted.has(name)),
  }
}

/** The Gateway API permits no more. */
export const MAX_PARENTS = 32

/** A route of a Service is one of sidecars and waypoints, not of a gateway. */
const isService = (ref: unknown): boolean =>
  valueAt(ref, 'kind') === 'Service' && (valueAt(ref, 'group') ?? '') === ''

const isAccepted = (parent: unknown, generation: unknown): boolean =>
  listAt(parent, 'conditions').some(
    (condition) =>
      valueAt(condition, 'type') === 'Accepted' &&
      valueAt(condition, 'status') === 'True' &&
      (valueAt(condition, 'observedGeneration') ?? generation) === generation,
  )
