import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Failure, MeasuredWorld } from '../measure/bench.ts'
import type { Memory } from '../measure/memory.ts'
import type { Proxied } from '../measure/proxied.ts'
import type { Reviews } from '../measure/reviews.ts'
import type { Extent } from '../measure/slices.ts'
import { PLOT, REPORT } from './folder.ts'
import { aboutRate, type Goal, goalsAbout, goalsOf, START } from './goals.ts'
import { facts, type Machine } from './machine.ts'
import { memoryTable } from './memory-rows.ts'
import { plotOf } from './plot.ts'
import { proxiedTable } from './proxied-rows.ts'
import type { Result } from './results.ts'
import { reviewsRows, reviewsText } from './reviews-rows.ts'
import { resultsTable } from './table.ts'

export type Run = {
  readonly worlds: readonly MeasuredWorld[]
  readonly results: readonly Result[]
  /** `undefined`: not measured. */
  readonly reviews: Reviews | undefined
  readonly proxied: readonly Proxied[] | undefined
  readonly memory: readonly Memory[]
  readonly failures: readonly Failure[]
  readonly extent: Extent
  readonly before: Machine
  readonly after: Machine
}

/** Resolves to the summary; writes report.md and report.svg if a folder is given. */
export async function writeReport(run: Run, folder: string | undefined): Promise<string> {
  const goals = goalsOf(run)
  const told = bodyOf(run, goals)
  if (folder === undefined) return `\n${told}`
  await writeFile(path.join(folder, PLOT), plotOf(run.results))
  const file = path.join(folder, REPORT)
  await writeFile(file, reportOf(run, goals, told, facts()))
  const kept = goals.filter((goal) => goal.kept)
  return `\n${told}\n\n${kept.length} of ${goals.length} promises kept; written to ${file}`
}

/** The tables. */
export function bodyOf(run: Run, goals: readonly Goal[]): string {
  const about = (subject: Goal['about']) => goalsAbout(goals, subject)
  const more = run.reviews === undefined ? [] : reviewsRows(run.reviews, about)
  return [
    ...failureLines(run.failures),
    ...summaryOf(run.results),
    ...(run.results.length + more.length === 0 ? [] : [resultsTable(run.results, about, more)]),
    ...(run.reviews === undefined ? [] : [reviewsText(run.reviews)]),
    ...(run.proxied === undefined ? [] : [proxiedText(run.proxied, about)]),
    ...(run.memory.length === 0 ? [] : [memoryTable(run.memory, about)]),
  ].join('\n\n')
}

function summaryOf(results: readonly Result[]): readonly string[] {
  if (results.length === 0) return []
  const values = results.map(({ cpuMicroseconds }) => cpuMicroseconds.null)
  const [least, most] = [
    Math.min(...values.map(({ min }) => min)),
    Math.max(...values.map(({ max }) => max)),
  ]
  const small = results.filter(({ scenario }) => scenario.goal !== undefined)
  const middles = small.map(({ cpuMicroseconds }) => cpuMicroseconds.null.median)
  const usual =
    small.length === 0
      ? ''
      : `; the medians of the rows with a promised CPU time lie between ${Math.min(...middles).toFixed(1)} and ${Math.max(...middles).toFixed(1)} us`
  return [
    `The null server needed ${least.toFixed(1)} to ${most.toFixed(1)} us of CPU for a check in all slices${usual}.`,
  ]
}

const proxiedText = (proxied: readonly Proxied[], about: (subject: string) => string) =>
  `Requests at fixed rates through Envoy, whether answers arrive or not, with a known key among 1,000 services and
10,000 keys. Medians of ${proxied[0]?.tails.alone.length ?? 0} turns of ${Number((proxied[0]?.seconds ?? 0).toFixed(1))} s, [least-most]. "Added" is the difference from Envoy alone, which asks nobody, in the
same turn.

${proxiedTable(proxied, (one) => about(aboutRate(one)))}`

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

Medians of ${extent.slices} slices of ${extent.seconds} s, [least-most], in ${Math.min(extent.starts, extent.slices)} starts of both servers. Latency: one request at a time, ${extent.checks} in each slice,
except in rows that say otherwise.
CPU: user and system time of all threads of the server, per check. RSS: at the end of a slice.
Ready: ${worlds.map(({ world, readyMs }) => `${world.name} ${(readyMs / 1_000).toFixed(2)} s`).join(', ')}.${startOf(goals)}

${machine.map(([name, value]) => `- ${name}: ${value}`).join('\n')}

From ${before.date} to ${after.date} UTC; load average before ${before.loadAverage.toFixed(2)}. Other programs used at most ${foreign.toFixed(2)} cores during
the slices of a scenario, in the median.${repeatedIn(worlds)}
`
}

function startOf(goals: readonly Goal[]): string {
  const promised = goalsAbout(goals, START)
  return promised === '' ? '' : ` Promised: ${promised}.`
}

function repeatedIn(worlds: readonly MeasuredWorld[]): string {
  const repeated = worlds
    .flatMap(({ measured }) => measured)
    .flatMap(({ scenario, repeatedFor }) =>
      repeatedFor === undefined ? [] : [`${scenario.title} (${repeatedFor})`],
    )
  return repeated.length === 0 ? '' : ` Measured a second time: ${repeated.join('; ')}.`
}
