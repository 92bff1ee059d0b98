import type { Caller } from './caller.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest } from './request.ts'
import type { Target } from './target.ts'

export type Mesh = {
  readonly trustDomain: string
  /** `namespace/ServiceAccount` or `namespace/*` of those who only pass on what others ask. */
  readonly intermediaries: readonly string[]
}

/** Who calls a workload over mutual TLS; nobody at a gateway, and nobody behind an intermediary. */
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

/** Who is at the other end of the connection: whoever that is, wherever. It lets nobody in. */
export const peerOf = ({ source: { principal } }: AccessRequest): string | undefined =>
  principal?.startsWith(SCHEME) ? principal.slice(SCHEME.length) : undefined

/** Whoever shows nothing, where a policy accepts that. */
export const ANONYMOUS: Caller = {
  kind: 'anonymous',
  user: 'system:anonymous',
  groups: [],
  uid: undefined,
  extra: {},
  inRbac: false,
  reference: '',
}
