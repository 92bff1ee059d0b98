/** Doubles with each failure in a row, from the first delay up to the longest. */
export const backoffMs = (failures: number, firstMs: number, longestMs: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures - 1, 0), MAX_DOUBLINGS))

const MAX_DOUBLINGS = 20

/** Between half and the whole of a delay, so that replicas do not ask together. */
export const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2)
