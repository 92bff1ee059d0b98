// Describes targets, credentials and permissions in words, for the command `check`.

import type { Rejected } from './authentication.ts'
import type { Caller } from './caller.ts'
import type { Credential } from './credential.ts'
import type { Permission } from './decide.ts'
import type { ResourceAttributes } from './permissions.ts'
import { describeRefusal } from './refusal-meaning.ts'
import type { Target } from './target.ts'

/** The steps of a decision in words, for `check`. */
export function describeTarget({ service, position, workload, pathPrefix }: Target): string {
  const { kind, namespace, name } = service
  const where =
    workload === undefined
      ? `at a ${position}${pathPrefix === '' ? '' : ` under ${pathPrefix}`}`
      : `at pod ${workload.namespace}/${workload.name} (${workload.component ?? 'component unknown'})`
  return `target: ${kind} ${namespace}/${name}, ${where}`
}

export const describeCredential = (credential: Credential): string =>
  credential.kind === 'presented'
    ? `credential: one, in ${credential.places.map(({ name }) => name).join(' and ')}`
    : `credential: ${credential.kind}`

export const describeRejection = ({ reason, refusal }: Rejected): string =>
  refusal === undefined
    ? `caller: unknown, ${reason}`
    : `caller: unknown, the token is refused: ${describeRefusal(refusal)}`

export function describePermission(
  { verb, group, resource, namespace, name }: ResourceAttributes,
  permission: Permission,
): string {
  const type = group === 'serving.kserve.io' || group === '' ? resource : `${resource}.${group}`
  return `RBAC, ${verb} ${type}/${shown(name)} in ${namespace}: ${permission}`
}

/** The name of a model may have any character. */
const shown = (name: string): string => name.replaceAll(/[^\x21-\x7e]/g, '?')

/** The permission of a caller that RBAC does not decide about. */
export function describeScope({ apiKey }: Caller, permission: Permission): string {
  if (apiKey === undefined) return `RBAC, where the caller is not a user: ${permission}`
  return `scope of the key: ${permission === 'foreign' ? 'no' : permission}`
}
