import type { MeasuredWorld } from '../measure/run.ts'
import type { Scenario } from '../worlds/scenario.ts'
import { LARGE } from '../worlds/scenarios.ts'
import type { Result } from './results.ts'

/** A promise about the speed or size of the service, and the measured value. */
export type Goal = {
  /** The scenario it is about; `undefined`: the start of the service. */
  readonly scenario: Scenario | undefined
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
  const { goal } = scenario
  if (goal === undefined) return []
  return [
    {
      scenario,
      promised: `at least ${goal.toFixed(2)} of the checks/s`,
      measured: throughputRatio.median.toFixed(2),
      kept: throughputRatio.median >= goal,
    },
  ]
}

function verifyingGoal({ scenario, cpuOfVerifying }: Result): readonly Goal[] {
  if (cpuOfVerifying === undefined) return []
  return [
    {
      scenario,
      promised: `at most ${MAX_CPU_OF_VERIFYING} times the CPU, with one jwtVerify`,
      measured: cpuOfVerifying.toFixed(2),
      kept: cpuOfVerifying <= MAX_CPU_OF_VERIFYING,
    },
  ]
}

function memoryGoal({ scenario, residentMebibytes }: Result): Goal {
  const more = residentMebibytes.service.median - residentMebibytes.null.median
  return {
    scenario,
    promised: `at most ${MAX_MORE_MEBIBYTES} MiB more`,
    measured: `${more.toFixed(0)} MiB`,
    kept: more <= MAX_MORE_MEBIBYTES,
  }
}

const readyGoal = ({ world, readyMs }: MeasuredWorld): Goal => ({
  scenario: undefined,
  promised: `${world.services} services and ${world.keys} API keys within ${MAX_READY_MS / 1_000} s`,
  measured: `${(readyMs / 1_000).toFixed(2)} s`,
  kept: readyMs <= MAX_READY_MS,
})

/** As a sentence without its end. */
export const textOfGoal = ({ promised, measured, kept }: Goal): string =>
  `${promised}: ${measured}, ${kept ? 'kept' : '**falls short**'}`
