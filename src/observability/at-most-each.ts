type Clock = {
  readonly now: () => number
  readonly wait: (ms: number) => Promise<unknown>
}

const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** A rest is as many times as long as the making before it: 5 % of the time. */
export const REST = 20

/**
 * Makes something for all who ask at once, and rests after it for `REST` times as long, at most `longestMs`. Who
 * asks meanwhile waits for the next, so nobody gets what was made before another one's question ended.
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
