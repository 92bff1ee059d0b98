// Describes the services of a directory, for people and programs.

import { type ApiKey, opens } from '../access/api-key.ts'
import type { NamespacePolicies } from '../access/namespace-policies.ts'
import { policyStatusOf } from '../access/policy-status.ts'
import { type ProtectionState, protectionStatusOf } from '../access/protection-status.ts'
import { PASSES, type Service } from '../access/service.ts'
import type { Engine } from '../app/engine.ts'
import { compareTexts } from '../common/compare-texts.ts'
import { policiesAround } from './policies-around.ts'
import type { LastDenial, LastDenialOf } from './replica-denials.ts'

/** A service, as `services` shows it. */
export type ServiceRow = {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** `deleted`: only in a watch. */
  readonly protection: ProtectionState | 'deleted'
  readonly why: string
  /** `host/path`; `*` is any host. */
  readonly routes: readonly string[]
  readonly policies: readonly PolicyRow[]
  readonly keys: readonly KeyRow[]
  readonly guard: string
  /** Whether a proxy asks about each request; `null`: not known. */
  readonly checked: boolean | null
  /** What its owner has to correct. Absent: in a watch. */
  readonly problems?: readonly string[]
  /** `null`: none since the replicas have started. Absent: no replica was asked. */
  readonly lastDenial?: LastDenial | null
  /** Who may call it, except the holders of API keys. Absent: not asked for. */
  readonly callers?: readonly string[]
}

/** What is not shown in every case. */
type Further = {
  readonly problemsOf?: ((service: Service) => readonly string[]) | undefined
  readonly lastDenialOf?: LastDenialOf | undefined
  readonly callersOf?:
    | ((service: Service, protection: ProtectionState) => Promise<readonly string[]>)
    | undefined
}

type PolicyRow = {
  readonly name: string
  readonly accepted: string
  readonly enforced: string
  readonly resolvedRefs: string
}

type KeyRow = {
  readonly secret: string
  readonly user: string
  readonly expiresAt: string | null
  readonly expired: boolean
}

/** Describes the services of one namespace, or of all. */
export async function describeServices(
  seen: Pick<Engine, 'directory'> & Partial<Pick<Engine, 'guardOf'>>,
  namespace: string | undefined,
  now: number,
  { problemsOf, lastDenialOf, callersOf }: Further = {},
): Promise<readonly ServiceRow[]> {
  const { directory } = seen
  const services = [...directory.services.values()]
    .filter((service) => namespace === undefined || service.namespace === namespace)
    .toSorted((one, other) => compareTexts(nameOfRow(one), nameOfRow(other)))
  const keys = Map.groupBy(directory.keys.values(), (key) => key.namespace)
  const around = new Map<string, NamespacePolicies>()
  const rows: ServiceRow[] = []
  for (const service of services) {
    const nearby =
      around.get(service.namespace) ?? (await policiesAround(service.namespace, directory))
    around.set(service.namespace, nearby)
    const { kind, namespace: place, name } = service
    const status = protectionStatusOf(service, directory)
    rows.push({
      kind,
      namespace: place,
      name,
      ...status,
      routes: service.routes
        .filter(({ basis }) => PASSES[basis])
        .map(({ host = '*', pathPrefix }) => host + pathPrefix),
      policies: directory.policiesFor(service).map((policy) => {
        const { accepted, enforced, resolvedRefs } = policyStatusOf(policy, nearby)
        return {
          name: policy.name,
          accepted: accepted.reason,
          enforced: enforced.reason,
          resolvedRefs: resolvedRefs.reason,
        }
      }),
      keys: (keys.get(place) ?? [])
        .filter((key) => opens(key, service))
        .map((key) => keyRowOf(key, now)),
      ...guardOf(service, seen),
      ...(problemsOf === undefined ? {} : { problems: problemsOf(service) }),
      ...(callersOf === undefined ? {} : { callers: await callersOf(service, status.protection) }),
      ...(lastDenialOf === undefined ? {} : { lastDenial: lastDenialOf(service) ?? null }),
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

/** An API key, as `services` shows it. */
export const keyRowOf = ({ namespace, name, user, expiresAt }: ApiKey, now: number): KeyRow => ({
  secret: `${namespace}/${name}`,
  user,
  expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  expired: expiresAt !== undefined && expiresAt <= now,
})

/** Where requests to its pods are checked, and whether a proxy asks about each of them. */
function guardOf(
  service: Service,
  { directory, guardOf: verdictOf }: Pick<Engine, 'directory'> & Partial<Pick<Engine, 'guardOf'>>,
): Pick<ServiceRow, 'guard' | 'checked'> {
  if (service.unguarded === true) return { guard: 'none: ModelMesh serves it', checked: false }
  const pods = directory.workloadsOf(service)
  if (pods.length === 0) return { guard: 'no pods', checked: null }
  const guarded = pods.filter(({ sidecar }) => sidecar).length
  const some = `${guarded} of ${pods.length} pods have a sidecar`
  const place = guarded === pods.length ? 'sidecars' : some
  const verdict = verdictOf?.(service)
  if (verdict === undefined) return { guard: place, checked: null }
  switch (verdict.state) {
    case 'guarded':
      return { guard: `${guarded === 0 ? 'gateways' : place}: checked`, checked: true }
    case 'unknown':
      return { guard: `${place}: not known whether checked`, checked: null }
    case 'unguarded': {
      const at = verdict.at === '' ? '' : ` (${verdict.at})`
      return { guard: `not checked: ${verdict.reason}${at}`, checked: false }
    }
  }
}
