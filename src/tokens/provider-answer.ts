// What a provider accepts by place, and its answer about a token.

import { type Authentication, known, refused } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { Verified } from './caching-verifier.ts'

type Named = { readonly name: string; readonly issuer: string }

/** Whether a provider takes tokens from one of the places. A subprotocol replaces Authorization. */
export const accepts = (
  { places }: { readonly places: readonly CredentialPlace[] },
  shown: readonly CredentialPlace[],
): boolean =>
  shown.some(({ kind, name }) =>
    kind === 'subprotocol'
      ? places.some((place) => place.kind === 'header' && place.name === 'authorization')
      : places.some((place) => place.kind === kind && place.name === name),
  )

export const wrongPlace = ({ name: provider, issuer }: Named): Authentication =>
  refused({ cause: 'wrong-place', provider, issuer })

/** The result for a token, with its provider. */
export function conclude(
  { name: provider, issuer }: Named,
  verified: Verified<Caller>,
): Authentication {
  if (verified.kind === 'verified') return known(verified.value)
  const { reason, refusal } = verified
  return refusal === undefined
    ? { kind: 'rejected', reason }
    : { kind: 'rejected', reason, refusal: { ...refusal, provider, issuer } }
}
