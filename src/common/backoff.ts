// Exponential back-off with jitter.

/** The delay doubles with each consecutive failure, up to the longest. */
export const backoffMs = (failures: number, firstMs: number, longestMs: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures - 1, 0), DOUBLINGS))

/** Enough to reach any longest delay. */
const DOUBLINGS = 20

/** Half to all of a delay, so that replicas do not retry together. */
export const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2)
