// Chooses the provider of a token among several with its issuer.

import type { TokenRefusal } from '../access/token-refusal.ts'
import { type Purpose, problemOfPurpose } from './check-claims.ts'
import type { DecodedJwt } from './decode-token.ts'

/**
 * The provider of a token, among those with its issuer: the one whose audiences and required claims it has.
 * None if several match, since they could map it to different users.
 */
export function chooseProvider<
  T extends { readonly provider: Purpose & { readonly issuer: string } },
>(
  candidates: readonly T[],
  { claims }: Pick<DecodedJwt, 'claims'>,
): { readonly chosen: T } | { readonly refusal: TokenRefusal } {
  const [only] = candidates
  if (only === undefined) return { refusal: { cause: 'unknown-issuer', claim: 'iss' } }
  if (candidates.length === 1) return { chosen: only }
  const problems = candidates.map(({ provider }) => problemOfPurpose(claims, provider))
  const [fitting, ...others] = candidates.filter((_, index) => problems[index] === undefined)
  const { issuer } = only.provider
  if (others.length > 0) return { refusal: { cause: 'several-providers', issuer } }
  if (fitting !== undefined) return { chosen: fitting }
  const problem = problems.find((each) => each?.cause === 'required-claim') ?? problems[0]
  return { refusal: { cause: 'wrong-audience', ...problem, issuer } }
}
