import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, PROMTOOL } from './go/modules.ts'

/** The path of a promtool that runs on this machine. Rejects with one sentence. */
export async function findPromtool(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.promtool, report, signal)
  return pathOf(PROMTOOL)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({ promtool: await findPromtool(...asked) }))
}
