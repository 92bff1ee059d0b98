// Describes the services of a directory, for people and programs.

import { type ApiKey, opens } from '../access/api-key.ts'
import type { NamespacePolicies } from '../access/namespace-policies.ts'
import { policyStatusOf } from '../access/policy-status.ts'
import { PASSES, type ProtectionCause, type Service } from '../access/service.ts'
import type { Engine } from '../app/engine.ts'
import { policiesAround } from './policies-around.ts'

/** A service, as `services` shows it. */
export type ServiceRow = {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /**
   * `closed`: protected, and nobody may call it. `shadow`: open, and logged as if it were protected.
   * `deleted`: only in a watch.
   */
  readonly protection: 'open' | 'protected' | 'closed' | 'shadow' | 'lost' | 'deleted'
  readonly why: string
  /** `host/path`; `*` is any host. */
  readonly routes: readonly string[]
  readonly policies: readonly PolicyRow[]
  readonly keys: readonly KeyRow[]
  readonly guard: string
}

type PolicyRow = { readonly name: string; readonly accepted: string; readonly enforced: string }

type KeyRow = {
  readonly secret: string
  readonly user: string
  readonly expiresAt: string | null
  readonly expired: boolean
}

type Parts = Pick<Engine, 'directory' | 'effectivePoliciesOf'>

/** Describes the services of one namespace, or of all. */
export async function describeServices(
  { directory, effectivePoliciesOf }: Parts,
  namespace: string | undefined,
  now: number,
): Promise<readonly ServiceRow[]> {
  const services = [...directory.services.values()]
    .filter((service) => namespace === undefined || service.namespace === namespace)
    .toSorted((one, other) => compare(nameOfRow(one), nameOfRow(other)))
  const keys = Map.groupBy(directory.keys.values(), (key) => key.namespace)
  const around = new Map<string, NamespacePolicies>()
  const rows: ServiceRow[] = []
  for (const service of services) {
    const nearby =
      around.get(service.namespace) ?? (await policiesAround(service.namespace, directory))
    around.set(service.namespace, nearby)
    const { kind, namespace: place, name } = service
    rows.push({
      kind,
      namespace: place,
      name,
      ...protectionOf(service, { directory, effectivePoliciesOf }),
      routes: service.routes
        .filter(({ basis }) => PASSES[basis])
        .map(({ host = '*', pathPrefix }) => host + pathPrefix),
      policies: directory.policiesFor(service).map((policy) => {
        const { accepted, enforced } = policyStatusOf(policy, nearby)
        return { name: policy.name, accepted: accepted.reason, enforced: enforced.reason }
      }),
      keys: (keys.get(place) ?? [])
        .filter((key) => opens(key, service))
        .map((key) => keyRowOf(key, now)),
      guard: guardOf(service, directory),
    })
  }
  return rows
}

/** Whether everybody may call it. */
export const isOpenToAll = ({ protection }: ServiceRow): boolean =>
  protection === 'open' || protection === 'shadow'

export const nameOfRow = ({
  namespace,
  name,
  kind,
}: Pick<ServiceRow, 'namespace' | 'name' | 'kind'>): string => `${namespace} ${name} ${kind}`
const compare = (one: string, other: string) => (one < other ? -1 : one === other ? 0 : 1)

/** An API key, as `services` shows it. */
export const keyRowOf = ({ namespace, name, user, expiresAt }: ApiKey, now: number): KeyRow => ({
  secret: `${namespace}/${name}`,
  user,
  expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  expired: expiresAt !== undefined && expiresAt <= now,
})

/** The protection of a service, and what it is due to. */
export function protectionOf(
  service: Service,
  { directory, effectivePoliciesOf }: Parts,
): Pick<ServiceRow, 'protection' | 'why'> {
  const { enforced, shadow } = effectivePoliciesOf(service)
  if (enforced.protection === 'lost')
    return { protection: 'lost', why: 'its declaration can no longer be read' }
  if (enforced.protection === 'open') {
    if (shadow !== undefined) return { protection: 'shadow', why: shadowOf(service) }
    const why =
      service.optedOut === true ? 'its annotation opens it' : 'no annotation and no policy'
    return { protection: 'open', why }
  }
  const names = directory
    .policiesFor(service)
    .filter(({ mode }) => mode === 'enforce')
    .map(({ name }) => name)
  const policies = `${names.length === 1 ? 'policy' : 'policies'} ${names.join(', ')}`
  if (enforced.invalid !== undefined)
    return { protection: 'closed', why: `${policies}: ${enforced.invalid}` }
  return {
    protection: 'protected',
    why: service.protection === 'open' ? policies : CAUSES[service.protectedBy ?? 'default'],
  }
}

const shadowOf = ({ shadow }: Service) =>
  shadow === true ? 'annotation kserve-authz.io/mode: shadow' : 'its policies are in shadow'

const CAUSES: Readonly<Record<ProtectionCause, string>> = {
  annotation: 'annotation enable-auth',
  label: 'label enable-auth',
  'old annotation': 'old annotation enable-auth',
  default: 'default of the installation or of its kind',
  installation: 'its annotation may not open it',
}

/** Where requests to its pods are checked. */
function guardOf(service: Service, { workloadsOf }: Pick<Engine['directory'], 'workloadsOf'>) {
  if (service.unguarded === true) return 'none: ModelMesh serves it'
  const pods = workloadsOf(service)
  const guarded = pods.filter(({ sidecar }) => sidecar).length
  if (pods.length === 0) return 'no pods'
  return guarded === pods.length ? 'sidecars' : `${guarded} of ${pods.length} pods have a sidecar`
}
