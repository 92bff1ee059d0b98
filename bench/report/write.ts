import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { MeasuredWorld } from '../measure/run.ts'
import type { Extent } from '../measure/slices.ts'
import { goalsOf } from './goals.ts'
import { facts, type Machine } from './machine.ts'
import { plotOf } from './plot.ts'
import type { Result } from './results.ts'
import { goalsTable, resultsTable, table } from './table.ts'

export type Run = {
  readonly worlds: readonly MeasuredWorld[]
  readonly results: readonly Result[]
  readonly extent: Extent
  readonly before: Machine
  readonly after: Machine
}

const FOLDER = path.join(import.meta.dirname, '..')

/** Resolves to what there is to say; writes report.md and report.svg if that is wanted. */
export async function writeReport(run: Run, wanted: boolean): Promise<string> {
  const goals = goalsOf(run.results, run.worlds)
  const tables = `${resultsTable(run.results)}\n\n${goalsTable(goals)}`
  if (!wanted) return `\n${tables}`
  await writeFile(path.join(FOLDER, 'report.svg'), plotOf(run.results))
  await writeFile(path.join(FOLDER, 'report.md'), reportOf(run, tables))
  const short = goals.filter(({ kept }) => !kept)
  return `\n${tables}\n\n${goals.length - short.length} of ${goals.length} promises kept; written to bench/report.md`
}

function reportOf({ results, extent, worlds, before, after }: Run, tables: string): string {
  const foreign = Math.max(...results.map(({ foreignCores }) => foreignCores))
  return `# Benchmark

Written by \`make bench\`; [README.md](README.md) says how it is measured and how to read it. Figures of different
machines, or of different runs, must not be compared; ratios may be, with care.

![checks/s, latency and CPU of a check, by number of keys, services and requests under way](report.svg)

${tables}

Medians of ${extent.slices} slices of ${extent.seconds} s, [least-most]. Latency: one request at a time, ${extent.checks} in each slice.
CPU: user and system time of all threads of the server, for each check. RSS: at the end of a slice.
Ready: ${worlds.map(({ world, readyMs }) => `${world.name} ${(readyMs / 1_000).toFixed(2)} s`).join(', ')}.

${table([['what', 'which'], ...facts()])}

From ${before.date} to ${after.date} UTC; load average before ${before.loadAverage.toFixed(2)}. Other programs took at most ${foreign.toFixed(2)} cores during
the slices of a scenario, in the median.
`
}
