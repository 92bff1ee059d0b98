import { claimAt, textsAt } from '../access/claims.ts'
import type { Claims } from './unverified.ts'

/** One claim under which name and with which prefix, as kube-apiserver's structured authentication has it. */
export type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** `undefined`: the claim is missing, empty or no text. */
export function textClaim(claims: Claims, { claim, prefix }: ClaimMapping): string | undefined {
  const value = claimAt(claims, claim)
  return typeof value === 'string' && value !== '' ? prefix + value : undefined
}

type Groups = {
  readonly groups: readonly string[]
  /** Whether the token holds no others, as far as it says. */
  readonly complete: boolean
}

/** Without a mapping a token has no groups. */
export function groupsIn(claims: Claims, mapping: ClaimMapping | undefined): Groups {
  if (mapping === undefined) return { groups: [], complete: true }
  const { texts, complete } = textsAt(claims, mapping.claim)
  return { groups: texts.map((text) => mapping.prefix + text), complete }
}

export const own = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined
