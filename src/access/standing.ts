import type { Policy } from './policy.ts'
import { isTargetOf } from './policy.ts'
import { overburdened } from './policy-weight.ts'
import { idOf, type Service, type ServiceId } from './service.ts'

/** One condition of a policy's status, in the words of Gateway API's policy attachment (GEP-713). */
export type Condition<R extends string = string> = {
  readonly holds: boolean
  readonly reason: R
  readonly message: string
}

/** What a policy is judged with: all of its namespace. */
export type Surroundings = {
  readonly services: readonly Service[]
  /** Closed, since their policies are too much together. */
  readonly overburdened: ReadonlySet<ServiceId>
}

/** Of each namespace. */
export function surroundingsIn(
  services: Iterable<Service>,
  policies: Iterable<Policy>,
): (namespace: string) => Surroundings {
  const servicesOf = Map.groupBy(services, ({ namespace }) => namespace)
  const policiesOf = Map.groupBy(policies, ({ namespace }) => namespace)
  const known = new Map<string, Surroundings>()
  return (namespace) => {
    const own = servicesOf.get(namespace) ?? []
    const found = known.get(namespace) ?? {
      services: own,
      overburdened: overburdened(policiesOf.get(namespace) ?? [], own),
    }
    known.set(namespace, found)
    return found
  }
}

/** What has become of a policy. Equal facts give equal words, so that replicas agree. */
export type Standing = {
  /** Whether it can be read, and its targets exist. */
  readonly accepted: Condition<'Accepted' | 'Invalid' | 'TargetNotFound'>
  /** Whether it decides about requests. */
  readonly enforced: Condition<'Enforced' | 'Overridden' | 'Shadow' | 'NotAccepted' | 'TooLarge'>
}

/** All policies and services of its namespace; `fault` says why it cannot be read, where that is known. */
export function standingOf(
  policy: Policy,
  { services, overburdened }: Surroundings,
  fault = 'it cannot be read',
): Standing {
  const reached = services.filter((service) => isTargetOf(policy, service))
  const accepted = acceptanceOf(policy, reached, fault)
  const closed = reached.filter((service) => overburdened.has(idOf(service)))
  if (accepted.holds && policy.mode === 'enforce' && closed.length > 0) {
    return { accepted, enforced: tooLarge(closed) }
  }
  return { accepted, enforced: enforcementOf(policy, reached, accepted) }
}

const tooLarge = (closed: readonly Service[]): Standing['enforced'] => ({
  holds: false,
  reason: 'TooLarge',
  message: `closed, since all their policies together have too many entries: ${listOf(namesOf(closed))}`,
})

const namesOf = (services: readonly Service[]) =>
  services.map(({ kind, name }) => `${kind} ${name}`)

function acceptanceOf(
  { targets, terms }: Policy,
  reached: readonly Service[],
  fault: string,
): Standing['accepted'] {
  if (terms === undefined) return { holds: false, reason: 'Invalid', message: fault }
  const missing = (targets ?? [])
    .filter(({ kind, name }) => !reached.some((each) => each.kind === kind && each.name === name))
    .map(({ kind, name }) => `${kind} ${name}`)
  if (targets !== undefined && reached.length === 0) {
    const message = missing.length === 0 ? 'it names no service' : `not found: ${listOf(missing)}`
    return { holds: false, reason: 'TargetNotFound', message }
  }
  const message = missing.length === 0 ? '' : `not found: ${listOf(missing)}`
  return { holds: true, reason: 'Accepted', message }
}

function enforcementOf(
  { mode, terms }: Policy,
  reached: readonly Service[],
  accepted: Standing['accepted'],
): Standing['enforced'] {
  if (!accepted.holds) {
    const closes = terms === undefined && mode === 'enforce'
    const message = closes ? 'until it can be read, its services are closed' : ''
    return { holds: false, reason: 'NotAccepted', message }
  }
  if (mode === 'shadow') {
    return { holds: false, reason: 'Shadow', message: 'it is tried and changes no answer' }
  }
  if (mode === 'none') {
    const message = 'the installation allows no Shadow: it has no effect'
    return { holds: false, reason: 'Shadow', message }
  }
  const overriding = reached.filter(({ optedOut, shadow }) => optedOut === true || shadow === true)
  const names = namesOf(overriding)
  const message = names.length === 0 ? '' : `open by their own annotation: ${listOf(names)}`
  return names.length > 0 && overriding.length === reached.length
    ? { holds: false, reason: 'Overridden', message }
    : { holds: true, reason: 'Enforced', message }
}

const MAX_NAMED = 8

/** In one order for all; beyond some their number. */
function listOf(names: readonly string[]): string {
  const sorted = [...new Set(names)].sort()
  const more = sorted.length - MAX_NAMED
  return sorted.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
