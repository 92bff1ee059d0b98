// The result of authenticating a credential.

import type { Caller } from './caller.ts'
import type { DenyReason } from './decision.ts'
import { reasonOf } from './refusal-meaning.ts'
import type { TokenRefusal } from './token-refusal.ts'

/** A token of the cluster must name one of these; `undefined`: the installation's audiences apply. */
export type Audiences = readonly string[] | undefined

/** The result of authenticating a credential. */
export type Authentication = { readonly kind: 'known'; readonly caller: Caller } | Rejected

export type Rejected = {
  readonly kind: 'rejected'
  readonly reason: DenyReason
  /** The check that a token failed; absent: not a token, or not known. */
  readonly refusal?: TokenRefusal
} & About

/** What the decision log tells about a rejected credential. */
type About = {
  /** Its name, as in `Caller.reference`, if it is known. */
  readonly reference?: string
  /** The policy that does not accept it; absent: another cause. */
  readonly by?: string
}

export const known = (caller: Caller): Authentication => ({ kind: 'known', caller })

export const rejected = (reason: DenyReason, about?: About): Rejected => ({
  kind: 'rejected',
  reason,
  ...about,
})

export const refused = (refusal: TokenRefusal): Rejected => ({
  kind: 'rejected',
  reason: reasonOf(refusal),
  refusal,
})
