// Reduces the targets of an address to those whose answers can differ.

import type { Directory } from './directory.ts'
import type { EffectivePolicies } from './effective-policies-of.ts'
import type { Service } from './service.ts'
import type { Target, Targets } from './target.ts'

/** Up to this number all targets are judged. */
const FEW = 8

/** If more services of one address are not open to everybody, the request is denied. */
export const MAX_JUDGED = 256

type Contenders = Targets | 'too many'

/**
 * Reduces many targets to those whose answers can differ: one open service stands for all open ones. Cached
 * per list of targets until a policy changes.
 */
export function createContenders(
  effectivePoliciesOf: (service: Service) => EffectivePolicies,
  { policyChanges }: Pick<Directory, 'policyChanges'>,
): (targets: Targets) => Contenders {
  const known = new WeakMap<Targets, { readonly version: number; readonly found: Contenders }>()

  const isOpen = ({ service }: Target): boolean => {
    const { enforced, shadow } = effectivePoliciesOf(service)
    return (
      enforced.protection === 'open' && enforced.claimHeaders === undefined && shadow === undefined
    )
  }

  function reduce(targets: Targets): Contenders {
    let open: Target | undefined
    const kept: Target[] = []
    for (const target of targets) {
      if (!isOpen(target)) kept.push(target)
      else if (open === undefined) {
        open = target
        kept.push(target)
      }
      if (kept.length > MAX_JUDGED) return 'too many'
    }
    const [first, ...others] = kept
    return first === undefined ? targets : [first, ...others]
  }

  return (targets) => {
    if (targets.length <= FEW) return targets
    const version = policyChanges()
    const before = known.get(targets)
    if (before?.version === version) return before.found
    const found = reduce(targets)
    known.set(targets, { version, found })
    return found
  }
}
