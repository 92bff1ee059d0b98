// Reads SecurityPolicies of Envoy Gateway, and what they select.

import { hasAllLabels } from '../common/labels.ts'
import {
  type KubernetesObject,
  listAt,
  type TextMap,
  textAt,
  textMapAt,
  valueAt,
} from './object.ts'
import { readTargets } from './target-refs.ts'

/** A SecurityPolicy of Envoy Gateway, as far as it decides whether requests are checked. */
export type SecurityPolicy = {
  readonly namespace: string
  readonly name: string
  /** The Services that it asks about each request; empty: it asks none. */
  readonly asks: readonly {
    readonly namespace: string
    readonly name: string
    readonly port?: number
  }[]
  /** Whether it asks over HTTP, or in a way that is not known here. */
  readonly asksOtherwise: boolean
  /** Whether it is merged with that of the Gateway, instead of replacing it. */
  readonly merged: boolean
  /** `kind name` of the objects that it names. */
  readonly targets: ReadonlySet<string>
  readonly selectors: readonly { readonly kind: string; readonly labels: TextMap }[]
}

/** The parts of a SecurityPolicy that count here. */
export function readSecurityPolicy({ namespace, name, content }: KubernetesObject): SecurityPolicy {
  const extAuth = valueAt(content, 'spec', 'extAuth')
  const grpc = valueAt(extAuth, 'grpc')
  const backends = [valueAt(grpc, 'backendRef'), ...listAt(grpc, 'backendRefs')].filter(
    (ref) => ref !== undefined,
  )
  return {
    namespace,
    name,
    asks: backends.map((ref) => {
      const port = valueAt(ref, 'port')
      return {
        namespace: textAt(ref, 'namespace') ?? namespace,
        name: textAt(ref, 'name') ?? '',
        ...(typeof port === 'number' ? { port } : {}),
      }
    }),
    asksOtherwise: extAuth !== undefined && backends.length === 0,
    merged: valueAt(content, 'spec', 'mergeType') !== undefined,
    targets: readTargets(content),
    selectors: listAt(content, 'spec', 'targetSelectors').flatMap((selector) => {
      const labels = textMapAt(selector, 'matchLabels')
      return labels === undefined ? [] : [{ kind: textAt(selector, 'kind') ?? '', labels }]
    }),
  }
}

type Target = Pick<KubernetesObject, 'kind' | 'namespace' | 'name'> & { readonly labels?: TextMap }

/** Whether a SecurityPolicy selects an object of its namespace, by name or by labels. */
export const isAt = (
  { namespace, targets, selectors }: SecurityPolicy,
  { kind, namespace: where, name, labels = new Map() }: Target,
): boolean =>
  namespace === where &&
  (targets.has(`${kind} ${name}`) ||
    selectors.some((selector) => selector.kind === kind && hasAllLabels(labels, selector.labels)))
