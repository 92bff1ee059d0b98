import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, HELM } from './go/modules.ts'

/** The path of a helm that runs on this machine. Rejects with one sentence. */
export async function findHelm(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.helm, report, signal)
  return pathOf(HELM)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({ helm: await findHelm(...asked) }))
}
