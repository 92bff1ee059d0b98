import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, KUSTOMIZE } from './go/modules.ts'

/** The path of a kustomize that runs on this machine. Rejects with one sentence. */
export async function findKustomize(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.kustomize, report, signal)
  return pathOf(KUSTOMIZE)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({ kustomize: await findKustomize(...asked) }))
}
