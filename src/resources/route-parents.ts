// Reads the gateways of HTTPRoutes and GRPCRoutes.

import { ANY_GATEWAY, type GatewayName } from '../access/asking.ts'
import { type Attachment, gatewayIn, hasPart, MAX_SERVICE_GATEWAYS } from './gateways.ts'
import { type KubernetesObject, listAt, valueAt } from './object.ts'

/** The gateways of a route, and whether one of them has accepted it, in this or an earlier version. */
type Parents = Attachment & { readonly accepted: boolean }

/** The gateways that a route names, and those that have accepted its current version on all of their listeners. */
export function parentsOf({ namespace, content }: KubernetesObject): Parents {
  const refs = listAt(content, 'spec', 'parentRefs').filter((ref) => !isService(ref))
  const names = [...new Set(refs.map((ref) => gatewayIn(ref, namespace)))]
  const parents = listAt(content, 'status', 'parents').slice(0, MAX_PARENTS)
  const accepted = parents.some((parent) => acceptances(parent).length > 0)
  if (names.length > MAX_SERVICE_GATEWAYS) {
    return { gateways: [ANY_GATEWAY], attached: [], accepted }
  }
  const generation = valueAt(content, 'metadata', 'generation')
  const current = new Set(
    parents
      .filter((parent) =>
        acceptances(parent).some(
          (each) => (valueAt(each, 'observedGeneration') ?? generation) === generation,
        ),
      )
      .map((parent) => valueAt(parent, 'parentRef'))
      .filter((ref) => !hasPart(ref))
      .map((ref) => gatewayIn(ref, namespace)),
  )
  const whole = new Set<GatewayName>(
    refs.filter((ref) => !hasPart(ref)).map((ref) => gatewayIn(ref, namespace)),
  )
  return {
    gateways: names,
    attached: names.filter((name) => name !== ANY_GATEWAY && whole.has(name) && current.has(name)),
    accepted,
  }
}

/** The Gateway API permits no more. */
export const MAX_PARENTS = 32

/** A route of a Service is one of sidecars and waypoints, not of a gateway. */
const isService = (ref: unknown): boolean =>
  valueAt(ref, 'kind') === 'Service' && (valueAt(ref, 'group') ?? '') === ''

const acceptances = (parent: unknown): readonly unknown[] =>
  listAt(parent, 'conditions').filter(
    (condition) =>
      valueAt(condition, 'type') === 'Accepted' && valueAt(condition, 'status') === 'True',
  )
