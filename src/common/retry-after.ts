// Reads the header Retry-After.

/** The requested wait in milliseconds, at most a minute; 0: none, or a date (RFC 9110 section 10.2.3). */
export function retryAfterMs(value: string | undefined): number {
  const seconds = Number(value)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : 0
}
