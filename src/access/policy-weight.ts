import { isTargetOf, type Policy, type PolicyTerms } from './policy.ts'
import { weightOfRule } from './rule.ts'
import { idOf, type Service, type ServiceId } from './service.ts'

/** How many entries the rules of one policy may have, and those of all policies of a service together. */
export const MAX_POLICY_WEIGHT = 4_096
const MAX_SERVICE_WEIGHT = 8_192

/** Whether judging by all of these would keep others waiting. */
export const areTooMuch = (terms: readonly PolicyTerms[]): boolean =>
  sumOf(terms.map((each) => ({ weight: weightOf(each) }))) > MAX_SERVICE_WEIGHT

/** How many entries the rules have that may be looked at for one request. */
export const weightOf = ({ deny, allow = [] }: Pick<PolicyTerms, 'deny' | 'allow'>): number =>
  [...deny, ...allow].reduce((sum, rule) => sum + weightOfRule(rule), 0)

/** The services whose enforced policies are too much together: these are closed. All of one namespace. */
export function overburdened(
  policies: readonly Policy[],
  services: readonly Service[],
): ReadonlySet<ServiceId> {
  const weighed = policies.flatMap((policy) =>
    policy.mode === 'enforce' && policy.terms !== undefined
      ? [{ policy, weight: weightOf(policy.terms) }]
      : [],
  )
  if (sumOf(weighed) <= MAX_SERVICE_WEIGHT) return new Set()
  const isClosed = (service: Service) =>
    service.optedOut !== true &&
    service.shadow !== true &&
    sumOf(weighed.filter(({ policy }) => isTargetOf(policy, service))) > MAX_SERVICE_WEIGHT
  return new Set(services.filter(isClosed).map(idOf))
}

const sumOf = (weighed: readonly { readonly weight: number }[]): number =>
  weighed.reduce((sum, { weight }) => sum + weight, 0)
