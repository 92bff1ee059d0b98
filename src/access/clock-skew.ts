// The tolerated clock skew of issuers.

/** The tolerated difference of an issuer's clock, in seconds: the default, and the maximum. */
export const CLOCK_SKEW_SECONDS = 60
export const MAX_CLOCK_SKEW_SECONDS = 300
