import type { Claims } from './unverified.ts'

/** One claim under which name and with which prefix, as kube-apiserver's structured authentication has it. */
export type ClaimMapping = { readonly claim: string; readonly prefix: string }

/** `undefined`: the claim is missing, empty or no text. */
export function textClaim(claims: Claims, { claim, prefix }: ClaimMapping): string | undefined {
  const value = own(claims, claim)
  return typeof value === 'string' && value !== '' ? prefix + value : undefined
}

/** A text or a list of texts; `undefined`: anything else. A missing claim is no group. */
export function listClaim(
  claims: Claims,
  { claim, prefix }: ClaimMapping,
): readonly string[] | undefined {
  const value = own(claims, claim)
  if (value === undefined) return []
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = values.filter((entry) => typeof entry === 'string')
  if (texts.length < values.length) return undefined
  return texts.filter((text) => text !== '').map((text) => prefix + text)
}

export const own = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined
