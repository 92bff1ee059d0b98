// Measures the age of facts.

import {
  FACTS,
  type Fact,
  type IsFresh,
  LIMITS_OF,
  STALENESS_LIMITS,
  type StaleFact,
  type StalenessLimit,
} from '../access/freshness.ts'
import type { Config } from '../config/read-config.ts'

export type Freshness = {
  readonly isFresh: IsFresh
  /** The facts that are too old now. */
  readonly stale: () => readonly StaleFact[]
}

/**
 * Measures age from the last confirmation of each fact, on the clock of `now`. Confirmations only get newer,
 * so a newer one is looked up only if the last one is too old.
 */
export function createFreshness(
  heardAt: (fact: Fact) => number,
  longestMs: Readonly<Record<StalenessLimit, number>>,
  now: () => number = () => performance.now(),
): Freshness {
  const heard: Record<Fact, number> = {
    pods: NEVER,
    routes: NEVER,
    services: NEVER,
    policies: NEVER,
    keys: NEVER,
  }
  const isFresh: IsFresh = (fact, bound) => {
    const at = now()
    if (at - heard[fact] <= longestMs[bound]) return true
    heard[fact] = heardAt(fact)
    return at - heard[fact] <= longestMs[bound]
  }
  return {
    isFresh,
    stale: () =>
      FACTS.flatMap((fact) =>
        LIMITS_OF[fact].filter((bound) => !isFresh(fact, bound)).map((bound) => ({ fact, bound })),
      ),
  }
}

const NEVER = Number.NEGATIVE_INFINITY

/** In milliseconds. An address never counts longer than an object. */
export const boundsIn = ({ kubernetes }: Config): Readonly<Record<StalenessLimit, number>> => {
  const { maxAddressStalenessSeconds: address, maxStalenessSeconds: object } = kubernetes
  return { address: Math.min(address, object) * 1_000, object: object * 1_000 }
}

/** As readiness shows it. */
export function describeStale(stale: readonly StaleFact[]): string {
  const told = STALENESS_LIMITS.flatMap((bound) => {
    const facts = stale.filter((each) => each.bound === bound).map(({ fact }) => fact)
    return facts.length === 0 ? [] : [`${EFFECTS[bound]}: ${facts.join(', ')}`]
  })
  return told.length === 0 ? 'all facts are fresh' : told.join('; ')
}

const EFFECTS: Readonly<Record<StalenessLimit, string>> = {
  address: 'too old to admit callers without a credential',
  object: 'too old to admit callers',
}
