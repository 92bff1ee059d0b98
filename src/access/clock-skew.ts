/** How far an issuer's clock may differ, in seconds: usually, and at most. */
export const CLOCK_SKEW_SECONDS = 60
export const MAX_CLOCK_SKEW_SECONDS = 300
