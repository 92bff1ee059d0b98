// Limits how often something expensive is computed.

type Clock = {
  readonly now: () => number
  readonly wait: (ms: number) => Promise<unknown>
}

const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Rest as a multiple of the duration before it: at most 5 % of the time is spent. */
export const REST = 20

/**
 * Computes one result for all concurrent callers, then rests for `REST` times as long, at most `longestMs`.
 * Callers in between wait for the next result, so no result is older than its request.
 */
export function atMostEach<T>(
  longestMs: number,
  make: () => Promise<T>,
  { now, wait }: Clock = CLOCK,
): () => Promise<T> {
  let next: Promise<T> | undefined
  let restUntil = Number.NEGATIVE_INFINITY

  const makeNext = async (): Promise<T> => {
    const left = restUntil - now()
    if (left > 0) await wait(left)
    const begunAt = now()
    try {
      return await make()
    } finally {
      restUntil = now() + Math.min(longestMs, REST * (now() - begunAt))
      next = undefined
    }
  }
  return () => {
    next ??= makeNext()
    return next
  }
}
