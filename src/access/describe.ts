// Describes targets, credentials and permissions in words, for the command `check`.

import type { Rejected } from './authentication.ts'
import type { Caller } from './caller.ts'
import type { Credential } from './credential.ts'
import type { Permission } from './decide.ts'
import { describeRefusal } from './refusal-meaning.ts'
import { resourceOf, type ServiceRef } from './service.ts'
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
  { apiKey, inRbac }: Caller,
  { kind, namespace, name }: ServiceRef,
  permission: Permission,
): string {
  const asked = `get ${resourceOf(kind)}/${name} in ${namespace}`
  if (apiKey === undefined)
    return `RBAC, ${inRbac ? asked : 'where the caller is not a user'}: ${permission}`
  return `scope of the key: ${permission === 'foreign' ? 'no' : permission}`
}
