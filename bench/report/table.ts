import type { Spread } from '../measure/statistics.ts'
import { type Goal, textOfGoal } from './goals.ts'
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
  'promise',
]

/** One row for each scenario, with what is promised of it, then `more` rows. */
export const resultsTable = (
  results: readonly Result[],
  goals: readonly Goal[] = [],
  more: readonly (readonly string[])[] = [],
): string => table([HEAD, ...results.map((result) => rowOf(result, goals)), ...more])

function rowOf(result: Result, goals: readonly Goal[]): readonly string[] {
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
    goals
      .filter((goal) => goal.scenario === scenario)
      .map(textOfGoal)
      .join('; '),
  ]
}

const whole = (value: number) => value.toFixed(0)
const reach = ({ min, max }: Spread, digits: number) =>
  `${min.toFixed(digits)}-${max.toFixed(digits)}`
