// Reads which services own a route of the Gateway API, and at which Gateways it is.

import { idOf, SERVICE_KINDS, type ServiceId } from '../access/service.ts'
import { type KubernetesObject, listAt, type TextMap, textAt } from './object.ts'

/** A route that KServe's controllers made for services. */
export type OwnedRoute = {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly labels: TextMap
  readonly owners: readonly ServiceId[]
  /** `namespace/name` of its Gateways. */
  readonly gateways: readonly string[]
}

/** Its owners may be none. */
export function readOwnedRoute({
  kind,
  namespace,
  name,
  labels,
  content,
}: KubernetesObject): OwnedRoute {
  const owners = listAt(content, 'metadata', 'ownerReferences').flatMap((owner) => {
    const of = SERVICE_KINDS.find((each) => each === textAt(owner, 'kind'))
    return of === undefined
      ? []
      : [idOf({ kind: of, namespace, name: textAt(owner, 'name') ?? '' })]
  })
  const gateways = listAt(content, 'spec', 'parentRefs')
    .filter((ref) => (textAt(ref, 'kind') ?? 'Gateway') === 'Gateway')
    .map((ref) => `${textAt(ref, 'namespace') ?? namespace}/${textAt(ref, 'name') ?? ''}`)
  return { kind, namespace, name, labels, owners, gateways }
}
