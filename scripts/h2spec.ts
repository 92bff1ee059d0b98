import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, H2SPEC } from './go/modules.ts'

/** The path of an h2spec, the conformance program of HTTP/2, that runs on this machine. Rejects with one sentence. */
export async function findH2spec(report: Report, signal?: AbortSignal): Promise<string> {
  const pathOf = await findParts(GO_MODULES.h2spec, report, signal)
  return pathOf(H2SPEC)
}

if (import.meta.main) {
  await printFound(async (...asked) => ({ h2spec: await findH2spec(...asked) }))
}
