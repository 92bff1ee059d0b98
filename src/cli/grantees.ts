// Says who may call a service.

import type { ResourceAttributes } from '../access/permissions.ts'
import type { ProtectionState } from '../access/protection-status.ts'
import type { Service } from '../access/service.ts'
import type { Grantee } from '../manifests/rbac-authorizer.ts'
import { UnseenError } from './exit-codes.ts'
import type { Look } from './look.ts'
import { permissionsTo } from './permissions-to.ts'

type Seen = {
  readonly engine: Pick<Look['engine'], 'grantees' | 'effectivePoliciesOf'>
  readonly config: Pick<Look['config'], 'permissions'>
}

type Granted = { readonly attributes: ResourceAttributes; readonly grantees: readonly Grantee[] }

/** The subjects with each of the permissions that open a service. Rejects with an UnseenError. */
export async function granteesOf(
  service: Service,
  { engine, config }: Pick<Seen, 'config'> & { readonly engine: Pick<Seen['engine'], 'grantees'> },
): Promise<readonly Granted[]> {
  const found: Granted[] = []
  for (const attributes of permissionsTo(service, config.permissions)) {
    const grantees = await Promise.resolve(engine.grantees(attributes)).catch((error: unknown) => {
      throw new UnseenError('cannot look at the cluster', [
        error instanceof Error ? error.message : 'Roles and bindings cannot be read',
      ])
    })
    found.push({ attributes, grantees })
  }
  return found
}

export const subjectOf = ({ subject }: Grantee): string =>
  subject.kind === 'ServiceAccount'
    ? `ServiceAccount ${subject.namespace}/${subject.name}`
    : `${subject.kind} ${subject.name}`

/** Everybody, nobody, the policies whose rules decide, or the subjects of RBAC. API keys are not among them. */
export async function callersOf(
  service: Service,
  protection: ProtectionState,
  seen: Seen,
): Promise<readonly string[]> {
  if (protection === 'open' || protection === 'shadow') return ['everybody']
  if (protection !== 'protected') return ['nobody']
  const { terms } = seen.engine.effectivePoliciesOf(service).enforced
  const deciding = terms.filter(({ allow }) => allow !== undefined)
  if (deciding.length > 0) return deciding.map(({ policy }) => `rules of policy ${policy}`)
  const granted = await granteesOf(service, seen)
  return [...new Set(granted.flatMap(({ grantees }) => grantees.map(subjectOf)))]
}
