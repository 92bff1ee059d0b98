import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, PROMETHEUS, PROMTOOL } from './go/modules.ts'

/** The paths of a Prometheus and of its promtool. */
type PrometheusPrograms = { readonly prometheus: string; readonly promtool: string }

/** Programs that run on this machine. Rejects with one sentence. */
export async function findPrometheus(
  report: Report,
  signal?: AbortSignal,
): Promise<PrometheusPrograms> {
  const pathOf = await findParts(GO_MODULES.prometheus, report, signal)
  return { prometheus: await pathOf(PROMETHEUS), promtool: await pathOf(PROMTOOL) }
}

if (import.meta.main) await printFound(findPrometheus)
