/** Which check a token did not pass; the `cause` label of the metrics. */
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
] as const
export type TokenCause = (typeof TOKEN_CAUSES)[number]

/** Why a token is refused. Nothing in it comes from the token. */
export type TokenRefusal = {
  readonly cause: TokenCause
  /** The name of the claim that was looked at. */
  readonly claim?: string
  /** Of the installation, with its issuer; absent: none is known. */
  readonly provider?: string
  readonly issuer?: string
}
