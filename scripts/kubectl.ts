import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, KREW, KUBECTL } from './go/modules.ts'

/** The path of a kubectl that runs on this machine. Rejects with one sentence. */
export async function findKubectl(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kubectl, report, signal)
  return pathOf(KUBECTL)
}

/** The path of Krew, kubectl's manager of plugins. Rejects with one sentence. */
export async function findKrew(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.krew, report, signal)
  return pathOf(KREW)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({
    kubectl: await findKubectl(...asked),
    krew: await findKrew(...asked),
  }))
}
