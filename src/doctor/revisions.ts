// The revisions of Istio that pods use, and the settings of istiod.

import { type KubernetesObject, listAt, textAt } from '../resources/object.ts'
import type { Objects } from './objects.ts'

/** A revision of Istio: its proxies know the providers of its ConfigMap. */
export type Revision = {
  readonly name: string
  readonly map: KubernetesObject
  /** The names of all extension providers. */
  readonly providers: ReadonlySet<string>
  /** Of them, the names of those that lead to this service. */
  readonly own: ReadonlySet<string>
}

/** That of Istio without revisions. */
export const DEFAULT_REVISION = 'default'
/** The annotation of a pod with a sidecar. */
const REVISION = 'istio.io/rev'

/** The revisions of these pods; all, if none of them is known. */
export function revisionsOf(
  pods: readonly KubernetesObject[],
  { revisions }: { readonly revisions: readonly Revision[] },
): readonly Revision[] {
  const used = new Set(pods.map(({ annotations }) => annotations.get(REVISION) ?? DEFAULT_REVISION))
  const found = revisions.filter(({ name }) => used.has(name))
  return found.length === 0 ? revisions : found
}

const SEVERAL = 'PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS'

/** Whether every istiod has the variable by which a workload may have several providers. */
export function takesSeveral({ of }: Objects): boolean {
  const istiods = of('Deployment').filter(({ labels }) => labels.get('app') === 'istiod')
  const isSet = (entry: unknown) =>
    textAt(entry, 'name') === SEVERAL && textAt(entry, 'value') === 'true'
  return (
    istiods.length > 0 &&
    istiods.every(({ content }) =>
      listAt(content, 'spec', 'template', 'spec', 'containers').some((container) =>
        listAt(container, 'env').some(isSet),
      ),
    )
  )
}
