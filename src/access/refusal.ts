import type { Caller } from './caller.ts'
import { DENY_REASONS, type DenyReason } from './decision.ts'
import type { AcceptedCredentials, PolicyTerms } from './policy.ts'

/** The terms of a policy, with its name. */
export type NamedTerms = PolicyTerms & { readonly policy: string }

/** Why the policies do not accept a caller's credential; `undefined`: all of them do. */
export function refusalOf(
  { terms }: { readonly terms: readonly NamedTerms[] },
  caller: Caller,
): DenyReason | undefined {
  const reasons = terms.flatMap(({ accepted }) => refusalIn(accepted, caller) ?? [])
  return reasons.length < 2 ? reasons[0] : DENY_REASONS.find((reason) => reasons.includes(reason))
}

/** Why a policy does not accept it; `accepted`: `undefined` is what the installation accepts. */
export const refusalIn = (
  accepted: AcceptedCredentials | undefined,
  caller: Caller,
): DenyReason | undefined =>
  accepted === undefined ? byInstallation(caller) : refusedBy(accepted, caller)

/** Never mesh peers or anonymous callers. */
const byInstallation = ({ kind }: Caller): DenyReason | undefined =>
  kind === 'mesh' || kind === 'anonymous' ? 'missing-credential' : undefined

function refusedBy(accepted: AcceptedCredentials, caller: Caller): DenyReason | undefined {
  switch (caller.kind) {
    case 'kubernetes':
      return accepted.kubernetes === undefined ? 'unknown-issuer' : undefined
    case 'api-key':
      return refusedKey(accepted, caller)
    case 'jwt':
      return refusedJwt(accepted, caller)
    case 'mesh':
      return accepted.mesh ? undefined : 'missing-credential'
    case 'anonymous':
      return accepted.anonymous ? undefined : 'missing-credential'
    case 'component':
      return undefined
  }
}

function refusedKey({ apiKeys }: AcceptedCredentials, { apiKey }: Caller): DenyReason | undefined {
  if (apiKeys === undefined || apiKey === undefined) return 'unknown-api-key'
  const selected = [...apiKeys.labels].every(([name, value]) => apiKey.labels.get(name) === value)
  return selected ? undefined : 'key-not-for-service'
}

function refusedJwt(
  { jwt }: AcceptedCredentials,
  { provider, claims = {} }: Caller,
): DenyReason | undefined {
  const accepted = jwt.filter((each) => each.provider === provider)
  if (accepted.length === 0) return 'unknown-issuer'
  const named: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  const fits = accepted.some(
    ({ audiences }) =>
      audiences === undefined ||
      named.some((entry) => typeof entry === 'string' && audiences.includes(entry)),
  )
  return fits ? undefined : 'wrong-audience'
}
