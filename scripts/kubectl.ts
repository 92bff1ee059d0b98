import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, KUBECTL } from './go/modules.ts'

/** The path of a kubectl that runs on this machine. Rejects with one sentence. */
export async function findKubectl(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kubectl, report, signal)
  return pathOf(KUBECTL)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({ kubectl: await findKubectl(...asked) }))
}
