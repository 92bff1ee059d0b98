import type { MeasuredWorld } from '../measure/bench.ts'
import type { Memory } from '../measure/memory.ts'
import type { Proxied } from '../measure/proxied.ts'
import type { Reviewed, Reviews } from '../measure/reviews.ts'
import type { Scenario } from '../worlds/scenario.ts'
import { LARGE } from '../worlds/scenarios.ts'
import { addedOf } from './added.ts'
import type { Result } from './results.ts'
import { reachedOf, titleOf } from './reviewed.ts'

/** A promise about the speed or size of the service, and the measured value. */
export type Goal = {
  /** What it is about: a scenario, or a text of another table. */
  readonly about: Scenario | string
  readonly promised: string
  readonly measured: string
  readonly kept: boolean
}

const MAX_CPU_OF_VERIFYING = 1.25
/** Of a client that only asks for both reviews. */
const MIN_REVIEWED = 0.8
const MAX_MORE_MEBIBYTES = 120
const MAX_READY_MS = 1_500

/** With 100,000 keys. */
const MAX_MEBIBYTES = 400
const MANY_KEYS = 100_000
/** Of what the null grpc-go server adds. */
const MAX_ADDED = { p99Ms: 4, p999Ms: 3 } as const

/** The subject of the goals of the start. */
export const START = 'start'

type Measurements = {
  readonly results: readonly Result[]
  readonly worlds: readonly MeasuredWorld[]
  readonly memory?: readonly Memory[] | undefined
  readonly proxied?: readonly Proxied[] | undefined
  readonly reviews?: Reviews | undefined
}

export function goalsOf({
  results,
  worlds,
  memory = [],
  proxied = [],
  reviews,
}: Measurements): readonly Goal[] {
  return [
    ...results.flatMap(cpuGoal),
    ...results.flatMap(verifyingGoal),
    ...results.filter(({ scenario }) => scenario.world === LARGE).map(memoryGoal),
    ...(reviews?.rows ?? []).filter(isAlone).map(reviewedGoal),
    ...memory.filter(({ keys }) => keys === MANY_KEYS).map(totalGoal),
    ...proxied.flatMap(tailGoals),
    ...worlds.filter(({ world }) => world === LARGE).map(readyGoal),
  ]
}

function cpuGoal({ scenario, cpuRatio }: Result): readonly Goal[] {
  const { goal } = scenario
  if (goal === undefined) return []
  return [
    {
      about: scenario,
      promised: `at most ${goal.toFixed(2)} times the CPU`,
      measured: cpuRatio.median.toFixed(2),
      kept: cpuRatio.median <= goal,
    },
  ]
}

/** One request at a time. */
const isAlone = ({ load }: Reviewed) => load.connections * load.streams === 1

const reviewedGoal = (reviewed: Reviewed): Goal => ({
  about: titleOf(reviewed),
  promised: `at least ${MIN_REVIEWED.toFixed(2)} of the checks/s`,
  measured: reachedOf(reviewed).median.toFixed(2),
  kept: reachedOf(reviewed).median >= MIN_REVIEWED,
})

const totalGoal = ({ name, more }: Memory): Goal => ({
  about: name,
  promised: `at most ${MAX_MEBIBYTES} MiB in use`,
  measured: `${more} MiB`,
  kept: more <= MAX_MEBIBYTES,
})

/** Without a measurable latency of the null grpc-go server there is nothing to compare with: not kept. */
function tailGoals(proxied: Proxied): readonly Goal[] {
  const names = { p99Ms: 'p99', p999Ms: 'p99.9' } as const
  return (['p99Ms', 'p999Ms'] as const).map((which) => {
    const own = addedOf(proxied, 'service', which)
    const least = addedOf(proxied, 'nullGo', which)
    const ratio = own / least
    const failed = proxied.tails.service.reduce((sum, tail) => sum + tail.failed, 0)
    return {
      about: aboutRate(proxied),
      promised: `${names[which]} adds at most ${MAX_ADDED[which]} times what null grpc-go adds`,
      measured: least > 0 ? ratio.toFixed(1) : 'null grpc-go adds nothing',
      kept: failed === 0 && (own <= 0 || (least > 0 && ratio <= MAX_ADDED[which])),
    }
  })
}

export const aboutRate = ({ perSecond }: Proxied): string => `${perSecond} requests/s`

function verifyingGoal({ scenario, cpuOfVerifying }: Result): readonly Goal[] {
  if (cpuOfVerifying === undefined) return []
  return [
    {
      about: scenario,
      promised: `at most ${MAX_CPU_OF_VERIFYING} times the CPU, with one jwtVerify`,
      measured: cpuOfVerifying.toFixed(2),
      kept: cpuOfVerifying <= MAX_CPU_OF_VERIFYING,
    },
  ]
}

function memoryGoal({ scenario, residentMebibytes }: Result): Goal {
  const more = residentMebibytes.service.median - residentMebibytes.null.median
  return {
    about: scenario,
    promised: `at most ${MAX_MORE_MEBIBYTES} MiB more`,
    measured: `${more.toFixed(0)} MiB`,
    kept: more <= MAX_MORE_MEBIBYTES,
  }
}

const readyGoal = ({ world, readyMs }: MeasuredWorld): Goal => ({
  about: START,
  promised: `${world.services} services and ${world.keys} API keys within ${MAX_READY_MS / 1_000} s`,
  measured: `${(readyMs / 1_000).toFixed(2)} s`,
  kept: readyMs <= MAX_READY_MS,
})

/** As a sentence without its end. */
const textOfGoal = ({ promised, measured, kept }: Goal): string =>
  `${promised}: ${measured}, ${kept ? 'kept' : '**falls short**'}`

/** Those about one subject, in one text. */
export const goalsAbout = (goals: readonly Goal[], subject: Scenario | string): string =>
  goals
    .filter(({ about }) => about === subject)
    .map(textOfGoal)
    .join('; ')
