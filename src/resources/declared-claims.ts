import type { GatewayName } from '../access/asking.ts'
import { type Claim, idOf, type ServiceKind, type ServiceRef } from '../access/service.ts'
import { canonicalClaim } from './claims.ts'
import type { KubernetesObject } from './object.ts'
import type { ReadSettings } from './settings.ts'

/** A host, or a path on it, that the installation says leads to a service. */
export type DeclaredHost = {
  readonly host: string
  /** `/` for the whole host. */
  readonly path: string
  readonly kind: ServiceKind
  readonly namespace: string
  readonly name: string
  /** Those that have it, and route it there; absent: not known. */
  readonly gateways?: readonly GatewayName[]
}

/** The claims that the installation's configuration gives a service. */
export function declaredClaims(
  { kind, namespace, name }: KubernetesObject,
  { gateways: { hosts } = NONE }: Pick<ReadSettings, 'gateways'>,
): readonly Claim[] {
  if (hosts.length === 0) return []
  const known = byService.get(hosts) ?? indexed(hosts)
  byService.set(hosts, known)
  return known.get(`${kind}/${namespace}/${name}`) ?? []
}

const NONE: { readonly hosts: readonly DeclaredHost[] } = { hosts: [] }

const byService = new WeakMap<readonly DeclaredHost[], ReadonlyMap<string, readonly Claim[]>>()

function indexed(hosts: readonly DeclaredHost[]): ReadonlyMap<string, readonly Claim[]> {
  const claims = new Map<string, Claim[]>()
  for (const { host, path, gateways, ...service } of hosts) {
    const claim = canonicalClaim(host, path, 'installation')
    if (claim === undefined) continue
    const id = idOf(service satisfies ServiceRef)
    const routed = gateways === undefined ? {} : { gateways, attached: gateways }
    claims.set(id, [...(claims.get(id) ?? []), { ...claim, ...routed }])
  }
  return claims
}
