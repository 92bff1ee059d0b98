import type { Caller } from './caller.ts'
import type { DenyReason } from './decision.ts'

/** Audiences of which a token of the cluster must name one; `undefined`: the installation's. */
export type Audiences = readonly string[] | undefined

/** What became of a credential that was looked at. */
export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'rejected'; readonly reason: DenyReason }

export const known = (caller: Caller): Authentication => ({ kind: 'known', caller })

export const rejected = (reason: DenyReason): Authentication => ({ kind: 'rejected', reason })
