import type { Scenario } from '../worlds/scenario.ts'
import { reach, table } from './markdown.ts'
import type { Result, Two } from './results.ts'

const HEAD = [
  'scenario',
  'CPU, of the null server',
  'CPU us',
  'null',
  'checks/s, of the null server',
  'checks/s',
  'null',
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
  goalsOf: (scenario: Scenario) => string = () => '',
  more: readonly (readonly string[])[] = [],
): string => table([HEAD, ...results.map((result) => rowOf(result, goalsOf)), ...more])

function rowOf(result: Result, goalsOf: (scenario: Scenario) => string): readonly string[] {
  const { scenario, checksPerSecond, cpuMicroseconds, p50Ms, p99Ms, residentMebibytes } = result
  const both = (two: Two, digits: number) =>
    [two.service, two.null].map(({ median }) => median.toFixed(digits))
  const reaches = (two: Two, digits: number) =>
    [two.service, two.null].map((one) => reach(one, digits))
  return [
    scenario.title,
    reach(result.cpuRatio, 2, '**'),
    ...reaches(cpuMicroseconds, 1),
    reach(result.throughputRatio, 2),
    ...reaches(checksPerSecond, 0),
    ...both(p50Ms, 3),
    ...both(p99Ms, 3),
    ...both(residentMebibytes, 0),
    goalsOf(scenario),
  ]
}
