import {
  BOUNDS_OF,
  type Bound,
  FACTS,
  type Fact,
  type IsFresh,
  type Stale,
} from './access/freshness.ts'
import type { Config } from './config.ts'

export type Freshness = {
  readonly isFresh: IsFresh
  /** All that are too old now. */
  readonly stale: () => readonly Stale[]
}

/**
 * Tells by when something was last heard of each fact, as `now` counts. That only grows, so it is asked for
 * again only where what was heard before is too old.
 */
export function createFreshness(
  heardAt: (fact: Fact) => number,
  longestMs: Readonly<Record<Bound, number>>,
  now: () => number = () => performance.now(),
): Freshness {
  const heard: Record<Fact, number> = { pods: NEVER, services: NEVER, policies: NEVER, keys: NEVER }
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
        BOUNDS_OF[fact].filter((bound) => !isFresh(fact, bound)).map((bound) => ({ fact, bound })),
      ),
  }
}

const NEVER = Number.NEGATIVE_INFINITY

/** In milliseconds. */
export const boundsIn = ({ kubernetes }: Config): Readonly<Record<Bound, number>> => ({
  open: kubernetes.maxStalenessSeconds * 1_000,
  credential: kubernetes.maxCredentialStalenessSeconds * 1_000,
})

/** As readiness tells. */
export function describeStale(stale: readonly Stale[]): string {
  const namesOf = (bound: Bound) =>
    stale
      .filter((each) => each.bound === bound)
      .map(({ fact }) => fact)
      .join(', ')
  const [open, credential] = [namesOf('open'), namesOf('credential')]
  if (stale.length === 0) return 'all facts are fresh'
  return [
    ...(open === '' ? [] : [`too old to let callers in without a credential: ${open}`]),
    ...(credential === '' ? [] : [`too old to let callers in with a credential: ${credential}`]),
  ].join('; ')
}
