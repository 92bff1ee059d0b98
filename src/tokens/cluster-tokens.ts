// Authenticates ServiceAccount tokens by signature, without an API server.

import { type Authentication, known, refused } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { Claims } from '../access/claim-path.ts'
import type { QueueKey, Verifications } from '../access/queue-key.ts'
import { serviceAccountCaller } from '../access/service-account-caller.ts'
import { isForOneOf } from '../common/audience.ts'
import type { CreateCache } from '../common/cache.ts'
import { isRecord } from '../common/json.ts'
import { CLUSTER_ALGORITHMS } from '../common/jwt-algorithms.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import { type ServiceAccountName, serviceAccountOfUser } from '../common/service-account-name.ts'
import { createCachingVerifier, type Verified } from './caching-verifier.ts'
import { type DecodeToken, decodeToken } from './decode-token.ts'
import { jwksFetcher } from './fetch-jwks.ts'
import { JWKS_FILE_PERIODS } from './jwks-cache.ts'
import { refusedFor } from './verify-jwt.ts'

export type ClusterTokens = {
  /** `undefined`: not a token of this cluster. */
  readonly authenticate: (
    token: string,
    digest: string,
    audiences: readonly string[],
    queueKey: QueueKey,
  ) => MaybePromise<Authentication | undefined>
  readonly close: () => void
}

export type LocalIssuer = {
  readonly issuer: string
  readonly jwksFile: string
}

export type ClusterParts = {
  /** `undefined`: the ServiceAccount does not exist. */
  readonly serviceAccount: (
    namespace: string,
    name: string,
  ) => { readonly uid: string | undefined } | undefined
  readonly onFailure: (error: unknown) => void
  readonly createCache: CreateCache
  readonly verifications: Verifications
  /** Absent: nobody else decodes the token. */
  readonly decode?: DecodeToken
}

/** The owner of a token, and its `aud`. */
type Holder = { readonly caller: Caller; readonly audience: unknown }

/** Authenticates ServiceAccount tokens by the cluster's signature, if there is no API server to ask. */
export function createClusterTokens(
  { issuer, jwksFile }: LocalIssuer,
  { serviceAccount, onFailure, createCache, verifications, decode = decodeToken }: ClusterParts,
): ClusterTokens {
  const verifier = createCachingVerifier<Holder>({
    expected: { issuer, audiences: undefined, algorithms: CLUSTER_ALGORITHMS },
    fetchKeys: jwksFetcher({ kind: 'file', file: jwksFile }),
    onFetched: ({ keys, error }) => keys === undefined && onFailure(error),
    read: readHolder,
    periods: JWKS_FILE_PERIODS,
    verifications,
    createCache,
  })

  return {
    authenticate: (token, digest, audiences, queueKey) => {
      const conclude = (verified: Verified<Holder>): Authentication => {
        if (verified.kind === 'refused') return { ...verified, kind: 'rejected' }
        const { caller, audience } = verified.value
        return isForOneOf(audience, audiences)
          ? ofLiving(caller)
          : refused({ cause: 'wrong-audience', claim: 'aud' })
      }
      const remembered = verifier.remembered(digest)
      if (remembered !== undefined) return conclude(remembered)
      const jwt = decode(token)
      if (jwt?.issuer !== issuer) return undefined
      return verifier.verify(token, digest, jwt, queueKey).then(conclude)
    },
    close: verifier.close,
  }

  /** A token does not outlive its ServiceAccount, and is not valid for a later one of the same name. */
  function ofLiving(caller: Caller): Authentication {
    const { namespace, name } = serviceAccountOfUser(caller.user) ?? { namespace: '', name: '' }
    const account = serviceAccount(namespace, name)
    if (account === undefined) return refused({ cause: 'account-gone' })
    const same = account.uid === undefined || caller.uid === undefined || account.uid === caller.uid
    return same ? known(caller) : refused({ cause: 'account-gone' })
  }
}

/** Whether it is a valid name of a ServiceAccount. */
const canBe = ({ namespace, name }: ServiceAccountName): boolean =>
  /^[a-z0-9-]{1,63}$/.test(namespace) && /^[a-z0-9.-]{1,253}$/.test(name)

function readHolder({ sub, aud, ...claims }: Claims): Verified<Holder> {
  const account = serviceAccountOfUser(sub)
  if (account === undefined || !canBe(account)) {
    return refusedFor({ cause: 'no-user', claim: 'sub' })
  }
  const caller = serviceAccountCaller(account.namespace, account.name, uidIn(claims))
  return { kind: 'verified', value: { caller, audience: aud } }
}

function uidIn(claims: Claims): string | undefined {
  const kubernetes = claims['kubernetes.io']
  const account = isRecord(kubernetes) ? kubernetes.serviceaccount : undefined
  const uid = isRecord(account) ? account.uid : undefined
  return typeof uid === 'string' ? uid : undefined
}
