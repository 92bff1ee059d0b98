import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Reviews } from '../measure/reviews.ts'
import type { Failure, MeasuredWorld } from '../measure/run.ts'
import type { Extent } from '../measure/slices.ts'
import { goalsOf } from './goals.ts'
import { facts, type Machine } from './machine.ts'
import { plotOf } from './plot.ts'
import type { Result } from './results.ts'
import { reviewsReport } from './reviews-table.ts'
import { goalsTable, resultsTable, table } from './table.ts'

export type Run = {
  readonly worlds: readonly MeasuredWorld[]
  readonly results: readonly Result[]
  /** `undefined`: not measured. */
  readonly reviews: Reviews | undefined
  readonly failures: readonly Failure[]
  readonly extent: Extent
  readonly before: Machine
  readonly after: Machine
}

/** Resolves to the summary; writes report.md and report.svg if a folder is given. */
export async function writeReport(run: Run, folder: string | undefined): Promise<string> {
  const goals = goalsOf(run.results, run.worlds)
  const tables = [
    ...failureLines(run.failures),
    resultsTable(run.results),
    ...(goals.length === 0 ? [] : [goalsTable(goals)]),
    ...(run.reviews === undefined ? [] : [reviewsReport(run.reviews)]),
  ].join('\n\n')
  if (folder === undefined) return `\n${tables}`
  await writeFile(path.join(folder, 'report.svg'), plotOf(run.results))
  const file = path.join(folder, 'report.md')
  await writeFile(file, reportOf(run, tables))
  const kept = goals.filter((goal) => goal.kept)
  return `\n${tables}\n\n${kept.length} of ${goals.length} promises kept; written to ${file}`
}

/** The first paragraph. */
const failureLines = (failures: readonly Failure[]): readonly string[] =>
  failures.length === 0
    ? []
    : [
        `**Not everything was measured:**\n\n${failures
          .map(({ about, message }) => `- ${about}: ${message.replaceAll(/\s+/g, ' ')}`)
          .join('\n')}`,
      ]

function reportOf({ results, extent, worlds, before, after }: Run, tables: string): string {
  const foreign = Math.max(0, ...results.map(({ foreignCores }) => foreignCores))
  return `# Benchmark

Written by \`make bench\`; [README.md](README.md) explains the method and how to read it. Do not compare figures of
different machines or runs. Ratios can be compared with care.

![checks/s, latency and CPU of a check, by number of keys, services, requests in flight and rules](report.svg)

${tables}

Medians of ${extent.slices} slices of ${extent.seconds} s, [least-most]. Latency: one request at a time, ${extent.checks} in each slice,
except in rows that say otherwise.
CPU: user and system time of all threads of the server, per check. RSS: at the end of a slice.
Ready: ${worlds.map(({ world, readyMs }) => `${world.name} ${(readyMs / 1_000).toFixed(2)} s`).join(', ')}.

${table([['item', 'value'], ...facts()])}

From ${before.date} to ${after.date} UTC; load average before ${before.loadAverage.toFixed(2)}. Other programs used at most ${foreign.toFixed(2)} cores during
the slices of a scenario, in the median.${repeatedIn(worlds)}
`
}

function repeatedIn(worlds: readonly MeasuredWorld[]): string {
  const repeated = worlds
    .flatMap(({ measured }) => measured)
    .flatMap(({ scenario, repeatedFor }) =>
      repeatedFor === undefined ? [] : [`${scenario.title} (${repeatedFor})`],
    )
  return repeated.length === 0 ? '' : ` Measured a second time: ${repeated.join('; ')}.`
}
