// Whether the policies of a service accept a credential.

import { isForOneOf } from '../common/audience.ts'
import { hasAllLabels } from '../common/labels.ts'
import type { Caller, CredentialKind } from './caller.ts'
import { audiencesAt } from './claims.ts'
import { DENY_REASONS, type DenyReason } from './decision.ts'
import type { AcceptedCredentials, PolicyTerms } from './policy.ts'

/** The terms of a policy, and its name. */
export type NamedTerms = PolicyTerms & { readonly policy: string }

/** Why the policies do not accept a caller's credential; `undefined`: all of them accept it. */
export function refusalOf(
  { terms }: { readonly terms: readonly NamedTerms[] },
  caller: Caller,
): DenyReason | undefined {
  const reasons = terms.flatMap(({ accepted }) => refusalIn(accepted, caller) ?? [])
  return reasons.length < 2 ? reasons[0] : DENY_REASONS.find((reason) => reasons.includes(reason))
}

/** The first policy that does not accept it. */
export function refusedBy(
  { terms }: { readonly terms: readonly NamedTerms[] },
  caller: Caller,
): string {
  const refusing = terms.find(({ accepted }) => refusalIn(accepted, caller) !== undefined)
  return `policy ${refusing?.policy ?? ''}, authentication`
}

/** Why one policy does not accept it. `accepted` is `undefined` where the installation's defaults apply. */
export const refusalIn = (
  accepted: AcceptedCredentials | undefined,
  caller: Caller,
): DenyReason | undefined =>
  accepted === undefined
    ? refusedByInstallation(caller)
    : ACCEPTANCE[caller.kind].byPolicy(accepted, caller)

function refusedByInstallation({ kind }: Caller): DenyReason | undefined {
  const { byInstallation } = ACCEPTANCE[kind]
  return byInstallation === 'accepted' ? undefined : byInstallation
}

/** Whether a kind of credential is accepted. */
type Acceptance = {
  /** If the policy does not name credentials. */
  readonly byInstallation: DenyReason | 'accepted'
  readonly byPolicy: (accepted: AcceptedCredentials, caller: Caller) => DenyReason | undefined
}

/** A kind without an entry does not compile. */
const ACCEPTANCE: Readonly<Record<CredentialKind, Acceptance>> = {
  kubernetes: {
    byInstallation: 'accepted',
    byPolicy: ({ kubernetes }) => (kubernetes === undefined ? 'unknown-issuer' : undefined),
  },
  'api-key': { byInstallation: 'accepted', byPolicy: refusedKey },
  jwt: { byInstallation: 'accepted', byPolicy: refusedJwt },
  mesh: {
    byInstallation: 'missing-credential',
    byPolicy: ({ mesh }) => (mesh ? undefined : 'missing-credential'),
  },
  anonymous: {
    byInstallation: 'missing-credential',
    byPolicy: ({ anonymous }) => (anonymous ? undefined : 'missing-credential'),
  },
  // Not a credential; policies can only deny it, by rules.
  component: { byInstallation: 'accepted', byPolicy: () => undefined },
}

function refusedKey({ apiKeys }: AcceptedCredentials, { apiKey }: Caller): DenyReason | undefined {
  if (apiKeys === undefined || apiKey === undefined) return 'unknown-api-key'
  const selected = hasAllLabels(apiKey.labels, apiKeys.labels)
  return selected ? undefined : 'key-not-for-service'
}

function refusedJwt(
  { jwt }: AcceptedCredentials,
  { provider, claims = {}, audiences: named = audiencesAt(claims, 'aud') }: Caller,
): DenyReason | undefined {
  const accepted = jwt.filter((each) => each.provider === provider)
  if (accepted.length === 0) return 'unknown-issuer'
  const fits = accepted.some(
    ({ audiences }) => audiences === undefined || isForOneOf(named, audiences),
  )
  return fits ? undefined : 'wrong-audience'
}
