// The closed list of causes for refusing a token.

/** The check that a token failed; the `cause` label of the metrics. */
export const TOKEN_CAUSES = [
  'unreadable',
  'algorithm',
  'type',
  'bound-to-key',
  'event',
  'unknown-issuer',
  'wrong-place',
  'wrong-audience',
  'required-claim',
  'several-providers',
  'time-claim',
  'expired',
  'not-yet-valid',
  'bad-signature',
  'unknown-key',
  'no-user',
  'reserved-name',
  'account-gone',
  'refused-by-issuer',
  'inactive',
] as const
export type TokenCause = (typeof TOKEN_CAUSES)[number]

/** Why a token is refused. Contains nothing from the token. */
export type TokenRefusal = {
  readonly cause: TokenCause
  /** The name of the checked claim. */
  readonly claim?: string
  /** The configured provider with this issuer; absent: none. */
  readonly provider?: string
  readonly issuer?: string
}
