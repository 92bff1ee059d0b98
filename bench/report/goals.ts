import type { MeasuredWorld } from '../measure/run.ts'
import { LARGE } from '../worlds/scenarios.ts'
import type { Result } from './results.ts'

/** A promise about the speed or size of the service, and the measured value. */
export type Goal = {
  readonly about: string
  readonly promised: string
  readonly measured: string
  readonly kept: boolean
}

const MAX_CPU_OF_VERIFYING = 1.25
const MAX_MORE_MEBIBYTES = 120
const MAX_READY_MS = 1_500

export function goalsOf(
  results: readonly Result[],
  worlds: readonly MeasuredWorld[],
): readonly Goal[] {
  return [
    ...results.flatMap(throughputGoal),
    ...results.flatMap(verifyingGoal),
    ...results.filter(({ scenario }) => scenario.world === LARGE).map(memoryGoal),
    ...worlds.filter(({ world }) => world === LARGE).map(readyGoal),
  ]
}

function throughputGoal({ scenario, throughputRatio }: Result): readonly Goal[] {
  const { title, goal } = scenario
  if (goal === undefined) return []
  return [
    {
      about: title,
      promised: `at least ${goal.toFixed(2)} of the null server's checks/s`,
      measured: throughputRatio.median.toFixed(2),
      kept: throughputRatio.median >= goal,
    },
  ]
}

function verifyingGoal({ scenario, cpuOfVerifying }: Result): readonly Goal[] {
  if (cpuOfVerifying === undefined) return []
  return [
    {
      about: scenario.title,
      promised: `CPU at most ${MAX_CPU_OF_VERIFYING} times the null server's and one jwtVerify`,
      measured: cpuOfVerifying.toFixed(2),
      kept: cpuOfVerifying <= MAX_CPU_OF_VERIFYING,
    },
  ]
}

function memoryGoal({ scenario, residentMebibytes }: Result): Goal {
  const more = residentMebibytes.service.median - residentMebibytes.null.median
  return {
    about: `memory, ${scenario.title}, 10,000 API keys`,
    promised: `at most ${MAX_MORE_MEBIBYTES} MiB more than the null server`,
    measured: `${more.toFixed(0)} MiB`,
    kept: more <= MAX_MORE_MEBIBYTES,
  }
}

const readyGoal = ({ world, readyMs }: MeasuredWorld): Goal => ({
  about: `ready, ${world.services} services and ${world.keys} API keys`,
  promised: `within ${MAX_READY_MS / 1_000} s`,
  measured: `${(readyMs / 1_000).toFixed(2)} s`,
  kept: readyMs <= MAX_READY_MS,
})
