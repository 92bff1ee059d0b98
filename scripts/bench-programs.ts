import type { Report } from './go/build.ts'
import { findParts, printFound } from './go/find.ts'
import { GO_MODULES, NULL_GRPC_GO, OPEN_LOOP } from './go/modules.ts'

/** Paths of the benchmark's own programs in Go. */
export type BenchPrograms = { readonly nullGrpcGo: string; readonly openLoop: string }

/** Rejects with one sentence. */
export async function findBenchPrograms(
  report: Report,
  signal?: AbortSignal,
): Promise<BenchPrograms> {
  const pathOf = await findParts(GO_MODULES.bench, report, signal)
  return { nullGrpcGo: await pathOf(NULL_GRPC_GO), openLoop: await pathOf(OPEN_LOOP) }
}

if (import.meta.main) await printFound(findBenchPrograms)
