// Says how a service is protected, and why.

import { invalidityOf, protectionUnder } from './effective-policy.ts'
import { MAX_NAMED } from './namespace-policies.ts'
import type { Policy } from './policy.ts'
import type { PolicyIndex } from './policy-index.ts'
import type { ProtectionCause, Service } from './service.ts'

export const PROTECTION_STATES = ['open', 'shadow', 'protected', 'closed', 'lost'] as const

/**
 * What callers meet. `shadow`: open, and logged as if it were protected. `closed`: protected, and nobody may
 * call it. `lost`: its declaration can no longer be read.
 */
export type ProtectionState = (typeof PROTECTION_STATES)[number]

export type ProtectionStatus = { readonly protection: ProtectionState; readonly why: string }

/** The protection of a service, and its cause. Evaluates no rule of a policy. */
export function protectionStatusOf(
  service: Service,
  { policiesFor, policyExcess }: Pick<PolicyIndex, 'policiesFor' | 'policyExcess'>,
): ProtectionStatus {
  if (service.protection === 'lost')
    return { protection: 'lost', why: 'its declaration can no longer be read' }
  const all = policiesFor(service)
  const enforced = all.filter(({ mode }) => mode === 'enforce')
  if (service.shadow === true || protectionUnder(service, enforced) === 'open') {
    const inShadow = all.filter(({ mode, terms }) => mode === 'shadow' && terms !== undefined)
    const tried = service.shadow === true ? [...enforced, ...inShadow] : inShadow
    if (protectionUnder(service, tried) === 'protected')
      return { protection: 'shadow', why: shadowOf(service) }
    const why =
      service.optedOut === true ? 'its annotation opens it' : 'no annotation and no policy'
    return { protection: 'open', why }
  }
  const more = enforced.length > MAX_NAMED ? ` and ${enforced.length - MAX_NAMED} more` : ''
  const names = `${namesOf(enforced.slice(0, MAX_NAMED))}${more}`
  const policies = `${enforced.length === 1 ? 'policy' : 'policies'} ${names}`
  const invalid = invalidityOf(enforced, policyExcess(service.namespace).enforced)
  if (invalid !== undefined) return { protection: 'closed', why: `${policies}: ${invalid}` }
  return {
    protection: 'protected',
    why: service.protection === 'open' ? policies : CAUSES[service.protectedBy ?? 'default'],
  }
}

const namesOf = (policies: readonly Policy[]) => policies.map(({ name }) => name).join(', ')

const shadowOf = ({ shadow }: Service) =>
  shadow === true ? 'annotation kserve-authz.io/mode: shadow' : 'its policies are in shadow'

const CAUSES: Readonly<Record<ProtectionCause, string>> = {
  annotation: 'annotation enable-auth',
  label: 'label enable-auth',
  'old annotation': 'old annotation enable-auth',
  default: 'default of the installation or of its kind',
  installation: 'its annotation may not open it',
}
