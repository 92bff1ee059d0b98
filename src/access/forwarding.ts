import type { Directory } from './directory.ts'
import type { Target } from './target.ts'

/** Whether a credential that was found good travels on. `Auto`: only where a later check or hop needs it. */
export type ForwardCredential = 'Auto' | 'Always' | 'Never'

/** Whether a later check or hop may need the credential: this is not the last check before the model's container. */
export function forwards(
  mode: ForwardCredential,
  { service, workload }: Target,
  directory: Pick<Directory, 'workloadsOf'>,
): boolean {
  if (mode !== 'Auto') return mode === 'Always'
  if (service.kind === 'InferenceGraph') return true
  if (workload !== undefined) {
    return workload.component !== 'predictor' && workload.component !== 'llm'
  }
  const workloads = directory.workloadsOf(service)
  return workloads.length === 0 || workloads.some(({ sidecar }) => sidecar)
}
