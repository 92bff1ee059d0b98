// Caches the effective policies of each service: the enforced one and the shadow one.

import type { Directory } from './directory.ts'
import { type EffectivePolicy, effectivePolicyOf } from './effective-policy.ts'
import type { Policy } from './policy.ts'
import type { PolicyExcess } from './policy-index.ts'
import type { Service } from './service.ts'

export type EffectivePolicies = {
  /** The effective policy that decides. */
  readonly enforced: EffectivePolicy
  /** The one that would decide if everything in shadow were enforced; `undefined`: nothing is in shadow. */
  readonly shadow: EffectivePolicy | undefined
}

/** The effective policies of each service, computed once per change of the service or of a policy of its namespace. */
export function createEffectivePolicies(
  directory: Pick<Directory, 'policiesFor' | 'policyVersion' | 'policyExcess'>,
): (service: Service) => EffectivePolicies {
  const known = new WeakMap<
    Service,
    { readonly version: number; readonly effectivePolicies: EffectivePolicies }
  >()
  return (service) => {
    const version = directory.policyVersion(service.namespace)
    const found = known.get(service)
    if (found?.version === version) return found.effectivePolicies
    const excess = directory.policyExcess(service.namespace)
    const effectivePolicies = effectivePoliciesOf(service, directory.policiesFor(service), excess)
    known.set(service, { version, effectivePolicies })
    return effectivePolicies
  }
}

function effectivePoliciesOf(
  service: Service,
  policies: readonly Policy[],
  excess: PolicyExcess,
): EffectivePolicies {
  const enforced = policies.filter(({ mode }) => mode === 'enforce')
  // An unreadable shadow policy is only reported.
  const shadow = policies.filter(({ mode, terms }) => mode === 'shadow' && terms !== undefined)
  const inShadow = service.shadow === true && service.protection !== 'lost'
  const all =
    inShadow || shadow.length > 0
      ? effectivePolicyOf(service, [...enforced, ...shadow], excess.shadow)
      : undefined
  return {
    enforced: inShadow
      ? effectivePolicyOf(
          { ...service, protection: 'open', optedOut: true },
          enforced,
          excess.enforced,
        )
      : effectivePolicyOf(service, enforced, excess.enforced),
    shadow: all?.protection === 'protected' ? all : undefined,
  }
}
