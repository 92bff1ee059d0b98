// Gathers what the status of the policies of a namespace depends on.

import type { Work } from '../common/slices.ts'
import type { Policy } from './policy.ts'
import { MAX_NAMESPACE_WEIGHT, MAX_SERVICE_WEIGHT, weightOf } from './policy-weight.ts'
import { idOf, type Service, type ServiceId, type ServiceRef } from './service.ts'

/** Everything in a namespace that the status of a policy depends on. */
export type NamespacePolicies = {
  readonly servicesNamed: (ref: ServiceRef) => readonly Service[]
  /** The services covered by a policy for the whole namespace. */
  readonly everything: Reached
  readonly isClosed: (service: Service) => boolean
  /** Whether the policies of the namespace exceed their limit together. */
  readonly excess: boolean
  /** The work it took to gather this, in units. */
  readonly units: number
}

/** The services that a policy covers. */
export type Reached = {
  readonly count: number
  /** Closed, because their policies exceed the limit together. */
  readonly closed: Names
  readonly overriding: Names
  /** Services that are open by their own annotation. */
  readonly opened: number
}

/** Gathers the services of one namespace, and the weights of its policies. */
export function* namespacePoliciesOf(
  services: readonly Service[],
  policies: readonly Policy[],
): Work<NamespacePolicies> {
  const { everywhere, byTarget, sum } = yield* weigh(policies)
  const excess = sum > MAX_NAMESPACE_WEIGHT
  const isClosed = (service: Service) =>
    !isOpened(service) &&
    (excess
      ? everywhere > 0 || byTarget.has(idOf(service))
      : everywhere + (byTarget.get(idOf(service)) ?? 0) > MAX_SERVICE_WEIGHT)
  const byId = new Map<ServiceId, readonly Service[]>()
  const everything = createReached(isClosed)
  for (const service of services) {
    const id = idOf(service)
    byId.set(id, [...(byId.get(id) ?? []), service])
    everything.add(service)
    yield SERVICE_UNITS
  }
  return {
    servicesNamed: (ref) => byId.get(idOf(ref)) ?? [],
    everything: everything.reached,
    isClosed,
    excess,
    units: sum + policies.length + services.length * SERVICE_UNITS,
  }
}

const SERVICE_UNITS = 4

/** The weights of the enforced policies: for the whole namespace, by target, and in total. */
function* weigh(policies: readonly Policy[]) {
  const byTarget = new Map<ServiceId, number>()
  let everywhere = 0
  let sum = 0
  for (const policy of policies) {
    yield 1
    if (policy.mode !== 'enforce') continue
    const weight = weightOf(policy)
    yield weight
    sum += weight
    if (policy.targets === undefined) everywhere += weight
    for (const id of targetsOf(policy)) byTarget.set(id, (byTarget.get(id) ?? 0) + weight)
  }
  return { everywhere, byTarget, sum }
}

const targetsOf = ({ namespace, targets = [] }: Policy): ReadonlySet<ServiceId> =>
  new Set(targets.map((target) => idOf({ ...target, namespace })))

const isOpened = ({ optedOut, shadow }: Service): boolean => optedOut === true || shadow === true

/** Collects services, each once. */
export function createReached(isClosed: (service: Service) => boolean) {
  const closed = createNames()
  const overriding = createNames()
  const reached = { count: 0, opened: 0, closed, overriding }
  return {
    reached,
    add: (service: Service) => {
      reached.count += 1
      if (isClosed(service)) closed.add(service)
      if (!isOpened(service)) return
      reached.opened += 1
      overriding.add(service)
    },
  }
}

export const MAX_NAMED = 8

type Names = {
  readonly count: number
  /** In a fixed order; the number of the others beyond MAX_NAMED. */
  readonly text: () => string
}

/** Keeps the first names in order, without sorting all of them. */
export function createNames() {
  const all = new Set<string>()
  const first: string[] = []
  const names = {
    count: 0,
    add: ({ kind, name }: Pick<ServiceRef, 'kind' | 'name'>) => {
      const added = `${kind} ${name}`
      if (all.has(added)) return
      all.add(added)
      names.count = all.size
      if (first.length === MAX_NAMED && added > (first[MAX_NAMED - 1] ?? '')) return
      first.push(added)
      first.sort()
      first.length = Math.min(first.length, MAX_NAMED)
    },
    text: () => {
      const more = names.count - first.length
      return first.join(', ') + (more > 0 ? ` and ${more} more` : '')
    },
  }
  return names
}
