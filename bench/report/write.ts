import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Reviews } from '../measure/reviews.ts'
import type { Failure, MeasuredWorld } from '../measure/run.ts'
import type { Extent } from '../measure/slices.ts'
import { type Goal, goalsOf, textOfGoal } from './goals.ts'
import { facts, type Machine } from './machine.ts'
import { plotOf } from './plot.ts'
import type { Result } from './results.ts'
import { reviewsRows, reviewsText } from './reviews-rows.ts'
import { resultsTable } from './table.ts'

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
  const more = run.reviews === undefined ? [] : reviewsRows(run.reviews)
  const told = [
    ...failureLines(run.failures),
    resultsTable(run.results, goals, more),
    ...(run.reviews === undefined ? [] : [reviewsText(run.reviews)]),
  ].join('\n\n')
  if (folder === undefined) return `\n${told}`
  await writeFile(path.join(folder, 'report.svg'), plotOf(run.results))
  const file = path.join(folder, 'report.md')
  await writeFile(file, reportOf(run, goals, told, facts()))
  const kept = goals.filter((goal) => goal.kept)
  return `\n${told}\n\n${kept.length} of ${goals.length} promises kept; written to ${file}`
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

export function reportOf(
  run: Run,
  goals: readonly Goal[],
  told: string,
  machine: readonly (readonly [name: string, value: string])[],
): string {
  const { results, extent, worlds, before, after } = run
  const foreign = Math.max(0, ...results.map(({ foreignCores }) => foreignCores))
  return `# Benchmark

Written by \`make bench\`; [README.md](README.md) explains the method and how to read it. Do not compare figures of
different machines or runs. Ratios can be compared with care.

![checks/s, latency and CPU of a check, by number of keys, services, requests in flight and rules](report.svg)

${told}

Medians of ${extent.slices} slices of ${extent.seconds} s, [least-most]. Latency: one request at a time, ${extent.checks} in each slice,
except in rows that say otherwise.
CPU: user and system time of all threads of the server, per check. RSS: at the end of a slice.
Ready: ${worlds.map(({ world, readyMs }) => `${world.name} ${(readyMs / 1_000).toFixed(2)} s`).join(', ')}.${startOf(goals)}

${machine.map(([name, value]) => `- ${name}: ${value}`).join('\n')}

From ${before.date} to ${after.date} UTC; load average before ${before.loadAverage.toFixed(2)}. Other programs used at most ${foreign.toFixed(2)} cores during
the slices of a scenario, in the median.${repeatedIn(worlds)}
`
}

function startOf(goals: readonly Goal[]): string {
  const promised = goals.filter(({ scenario }) => scenario === undefined).map(textOfGoal)
  return promised.length === 0 ? '' : ` Promised: ${promised.join('; ')}.`
}

function repeatedIn(worlds: readonly MeasuredWorld[]): string {
  const repeated = worlds
    .flatMap(({ measured }) => measured)
    .flatMap(({ scenario, repeatedFor }) =>
      repeatedFor === undefined ? [] : [`${scenario.title} (${repeatedFor})`],
    )
  return repeated.length === 0 ? '' : ` Measured a second time: ${repeated.join('; ')}.`
}
