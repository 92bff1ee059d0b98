// How long results of other programs are cached, and when they are refreshed.

/** All in milliseconds. */
export type CachePeriods = {
  /** TTL of positive and of negative results. */
  readonly positiveMs: number
  readonly negativeMs: number
  /** Refresh ahead: an entry in use is refreshed this long before it expires. */
  readonly aheadMs: number
  /** Wait before the next refresh if one failed. */
  readonly againMs: number
}

export const CACHE_PERIODS: CachePeriods = {
  positiveMs: 60_000,
  negativeMs: 5_000,
  aheadMs: 15_000,
  againMs: 3_000,
}

/**
 * When an entry with this TTL is refreshed if it is in use, as `performance.now()`. A result that expires
 * within the TTL needs no refresh. Jitter, so that entries cached together are not refreshed together.
 */
export const dueAtFor = (ttlMs: number, { positiveMs, aheadMs }: CachePeriods): number =>
  ttlMs < positiveMs
    ? Number.POSITIVE_INFINITY
    : performance.now() + ttlMs - aheadMs * (1 + Math.random() / 2)
