// The caller and the peer that a client certificate identifies.

import type { Caller } from './caller.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest } from './request.ts'
import type { Target } from './target.ts'

export type Mesh = {
  readonly trustDomain: string
  /** `namespace/ServiceAccount` or `namespace/*` of peers that only forward requests of others. */
  readonly intermediaries: readonly string[]
}

/** The mesh peer that calls a workload over mutual TLS. None at a gateway, and none if the peer is an intermediary. */
export function meshPeer(
  { source }: AccessRequest,
  { position }: Target,
  { trustDomain, intermediaries }: Mesh,
): Caller | undefined {
  if (position !== 'workload' || source.principal === undefined) return undefined
  const principal = readPrincipal(source.principal)
  if (principal === undefined || principal.trustDomain !== trustDomain) return undefined
  const { namespace, serviceAccount } = principal
  const passing = [`${namespace}/${serviceAccount}`, `${namespace}/*`]
  if (passing.some((name) => intermediaries.includes(name))) return undefined
  const user = `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
  return {
    kind: 'mesh',
    user,
    groups: [],
    uid: undefined,
    extra: {},
    inRbac: false,
    reference: user,
    principal: user,
  }
}

const SCHEME = 'spiffe://'

/** The peer of the connection, intermediaries included. For deny rules only; it admits nobody. */
export const peerOf = ({ source: { principal } }: AccessRequest): string | undefined =>
  principal?.startsWith(SCHEME) ? principal.slice(SCHEME.length) : undefined

/** A caller without a credential, if a policy accepts it. */
export const ANONYMOUS: Caller = {
  kind: 'anonymous',
  user: 'system:anonymous',
  groups: [],
  uid: undefined,
  extra: {},
  inRbac: false,
  reference: '',
}
