import type { Spread } from '../measure/statistics.ts'
import type { Goal } from './goals.ts'
import type { Result } from './results.ts'

/** A Markdown table; the first row is its head. */
export const table = ([head = [], ...rows]: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const HEAD = [
  'scenario',
  'of the null server',
  'checks/s',
  'null',
  'CPU us',
  'null',
  'CPU ratio',
  'p50 ms',
  'null',
  'p99 ms',
  'null',
  'RSS MiB',
  'null',
]

export const resultsTable = (results: readonly Result[]): string =>
  table([HEAD, ...results.map(rowOf)])

function rowOf(result: Result): readonly string[] {
  const { scenario, checksPerSecond, cpuMicroseconds, p50Ms, p99Ms, residentMebibytes } = result
  return [
    scenario.title,
    `**${result.throughputRatio.median.toFixed(2)}** [${reach(result.throughputRatio, 2)}]`,
    `${whole(checksPerSecond.service.median)} [${reach(checksPerSecond.service, 0)}]`,
    `${whole(checksPerSecond.null.median)} [${reach(checksPerSecond.null, 0)}]`,
    cpuMicroseconds.service.median.toFixed(1),
    cpuMicroseconds.null.median.toFixed(1),
    result.cpuRatio.median.toFixed(2),
    p50Ms.service.median.toFixed(3),
    p50Ms.null.median.toFixed(3),
    p99Ms.service.median.toFixed(3),
    p99Ms.null.median.toFixed(3),
    whole(residentMebibytes.service.median),
    whole(residentMebibytes.null.median),
  ]
}

const whole = (value: number) => value.toFixed(0)
const reach = ({ min, max }: Spread, digits: number) =>
  `${min.toFixed(digits)}-${max.toFixed(digits)}`

export const goalsTable = (goals: readonly Goal[]): string =>
  table([
    ['about', 'promised', 'measured', ''],
    ...goals.map(({ about, promised, measured, kept }) => [
      about,
      promised,
      measured,
      kept ? 'kept' : '**falls short**',
    ]),
  ])
