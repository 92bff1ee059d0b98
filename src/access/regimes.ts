import type { Directory } from './directory.ts'
import type { Policy } from './policy.ts'
import type { PolicyExcess } from './policy-index.ts'
import { type Regime, regimeOf } from './regime.ts'
import type { Service } from './service.ts'

export type Regimes = {
  /** What decides. */
  readonly enforced: Regime
  /** What would decide if all that is only tried were enforced; `undefined`: nothing is. */
  readonly tried: Regime | undefined
}

/** What is in force for each service, computed once for each change of it or of a policy of its namespace. */
export function createRegimes(
  directory: Pick<Directory, 'policiesFor' | 'policyVersion' | 'policyExcess'>,
): (service: Service) => Regimes {
  const known = new WeakMap<Service, { readonly version: number; readonly regimes: Regimes }>()
  return (service) => {
    const version = directory.policyVersion(service.namespace)
    const found = known.get(service)
    if (found?.version === version) return found.regimes
    const excess = directory.policyExcess(service.namespace)
    const regimes = regimesOf(service, directory.policiesFor(service), excess)
    known.set(service, { version, regimes })
    return regimes
  }
}

function regimesOf(service: Service, policies: readonly Policy[], excess: PolicyExcess): Regimes {
  const enforced = policies.filter(({ mode }) => mode === 'enforce')
  // One that cannot be read only says so.
  const tried = policies.filter(({ mode, terms }) => mode === 'shadow' && terms !== undefined)
  const inShadow = service.shadow === true && service.protection !== 'lost'
  const all =
    inShadow || tried.length > 0
      ? regimeOf(service, [...enforced, ...tried], excess.tried)
      : undefined
  return {
    enforced: inShadow
      ? regimeOf({ ...service, protection: 'open', optedOut: true }, enforced, excess.enforced)
      : regimeOf(service, enforced, excess.enforced),
    tried: all?.protection === 'protected' ? all : undefined,
  }
}
