import type { Directory } from './directory.ts'
import type { EffectivePolicies } from './effective-policies-of.ts'
import type { Service } from './service.ts'
import type { Target, Targets } from './target.ts'

/** Fewer are judged one by one. */
const FEW = 8

/** More services of one address that do not let everybody pass are not judged: the request is refused. */
export const MAX_JUDGED = 256

type Contenders = Targets | 'too many'

/**
 * Of many targets those whose answers can differ: of all that are open to everybody the first stands for the
 * others. Kept for each list of targets until a policy changes.
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
