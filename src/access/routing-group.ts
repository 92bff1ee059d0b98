// Routing groups of LLMInferenceServices: which members a request may reach, and whose permission suffices.

import { andThen, type MaybePromise } from '../common/maybe-promise.ts'
import type { Note } from './answer.ts'
import type { Caller } from './caller.ts'
import { type Permission, REFUSES } from './decide.ts'
import type { Deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { EffectivePolicies } from './effective-policies-of.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { modelsFor } from './named-models.ts'
import type { AccessRequest } from './request.ts'
import type { Service } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'

/** Each of them may cost a request to the API server. */
export const MAX_ASKED = 8

type Members = Pick<Directory, 'routedIn'>

const membersOf = ({ namespace, group }: Service, directory: Members): readonly Service[] =>
  group === undefined ? [] : directory.routedIn(namespace, group.name)

/** Only the path with the name of a member leads to this member alone. */
const isNamedAfter = ({ service: { namespace, name }, pathPrefix }: Target): boolean =>
  pathPrefix === `/${namespace}/${name}`

/** Adds the members that the routes of the found services also lead to. */
export function withGroups(found: Targets | Deny, directory: Members): Targets | Deny {
  if ('outcome' in found || found.every(({ service }) => service.group === undefined)) return found
  const services = new Set(found.map(({ service }) => service))
  const others: Target[] = []
  for (const target of found) {
    if (isNamedAfter(target)) continue
    for (const service of membersOf(target.service, directory)) {
      if (services.has(service)) continue
      services.add(service)
      others.push({ ...target, service })
    }
  }
  return others.length === 0 ? found : (inOrder([...found, ...others]) ?? found)
}

type PermissionParts = {
  readonly permissionOf: (
    caller: Caller,
    service: Service,
    models: () => readonly string[],
    note: Note | undefined,
  ) => MaybePromise<Permission>
  /** Whether the permission is known, without a question. */
  readonly holds: (caller: Caller, service: Service, models: () => readonly string[]) => boolean
  readonly directory: Members & Pick<Directory, 'modelHeaders'>
  readonly effectivePoliciesOf: (service: Service) => EffectivePolicies
}

export type PermissionFor = (
  caller: Caller,
  request: AccessRequest,
  target: Target,
  effectivePolicy: EffectivePolicy,
  note: Note | undefined,
) => MaybePromise<Permission>

/**
 * Members of a group with a common model share their permissions: one for a routed member suffices. An open member
 * grants none, and neither does a member with a policy that the called member does not have.
 */
export function createPermissionFor({
  permissionOf,
  holds,
  directory,
  effectivePoliciesOf,
}: PermissionParts): PermissionFor {
  return (caller, request, target, effectivePolicy, note) => {
    const { service } = target
    const modelsOf = (asked: Service) => () => modelsFor(request, target, asked, directory)
    const isHeld = (asked: Service) => holds(caller, asked, modelsOf(asked))
    if (service.group === undefined || isNamedAfter(target)) return ask(service, () => [])
    const lenders = () =>
      membersOf(service, directory)
        .filter((member) => lends(member, service, effectivePolicy))
        .slice(0, MAX_ASKED)
    const held = isHeld(service) ? service : lenders().find(isHeld)
    return held === undefined ? ask(service, lenders) : ask(held, () => [])

    function ask(asked: Service, others: () => readonly Service[]): MaybePromise<Permission> {
      return andThen(permissionOf(caller, asked, modelsOf(asked), note), (permission) => {
        if (permission === 'yes') return permission
        const [next, ...rest] = others()
        if (next === undefined) return permission
        return andThen(
          ask(next, () => rest),
          (other) => (REFUSES[other] ? permission : other),
        )
      })
    }
  }

  function lends(member: Service, service: Service, { terms }: EffectivePolicy): boolean {
    const { enforced } = effectivePoliciesOf(member)
    return (
      member !== service &&
      member.models?.some((name) => service.models?.includes(name)) === true &&
      enforced.protection === 'protected' &&
      enforced.invalid === undefined &&
      enforced.terms.every(({ policy }) => terms.some((other) => other.policy === policy))
    )
  }
}
