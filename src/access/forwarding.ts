// Whether a valid credential is forwarded to the model.

import type { Directory } from './directory.ts'
import type { AccessRequest } from './request.ts'
import { callsServices, type Service } from './service.ts'
import type { Target } from './target.ts'
import { COMPONENTS, type Component, type Workload } from './workload.ts'

/** Whether a valid credential is forwarded. `auto`: only if a later check or hop needs it. */
export type ForwardCredential = 'auto' | 'always' | 'never'

/** Whether a later check or hop may need the credential, because this is not the last check before the model. */
export function forwards(
  mode: ForwardCredential,
  { service, workload }: Target,
  { host }: Pick<AccessRequest, 'host'>,
  directory: Pick<Directory, 'workloadsOf'>,
): boolean {
  if (mode !== 'auto') return mode === 'always'
  if (callsServices(service)) return true
  if (workload !== undefined) return callsOthers(workload, () => directory.workloadsOf(service))
  const pods = directory.workloadsOf(service)
  const named = componentNamed(host, service)
  const next = pods.filter(
    ({ component, role }) => role !== 'scheduler' && (named === undefined || component === named),
  )
  return (
    next.length === 0 ||
    next.some(
      (pod) => pod.sidecar || callsOthers(pod, () => pods) || (pod.knative && named === undefined),
    )
  )
}

/** A transformer or explainer calls the predictor, and a pod that decodes calls one that prefills. */
const callsOthers = ({ component, role }: Workload, podsOf: () => readonly Workload[]): boolean => {
  if (component === 'llm') {
    return role === 'decode' || (role === 'both' && podsOf().some((pod) => pod.role === 'prefill'))
  }
  return component !== 'predictor'
}

/**
 * The component whose Knative host this is. A request that KServe routes reaches a gateway first under
 * another host, last under this one.
 */
const componentNamed = (host: string, { name, namespace }: Service): Component | undefined =>
  COMPONENTS.find((component) => `${host}.`.startsWith(`${name}-${component}.${namespace}.`))
