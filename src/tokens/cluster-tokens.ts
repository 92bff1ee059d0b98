import { type Authentication, known, rejected } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import { serviceAccountCaller } from '../access/service-account.ts'
import type { Soon } from '../access/soon.ts'
import { fetchingFrom } from './fetch-keys.ts'
import { FILE_PERIODS } from './key-holder.ts'
import type { Claims } from './unverified.ts'
import { readUnverified } from './unverified.ts'
import { createVerifier, type Verified, type Verifier } from './verifier.ts'

export type ClusterTokens = {
  /** `undefined`: not a token of this cluster. */
  readonly authenticate: (
    token: string,
    digest: string,
    audiences: readonly string[],
  ) => Soon<Authentication | undefined>
  readonly close: () => void
}

export type ClusterIssuer = {
  readonly issuer: string
  readonly jwksFile: string
}

export type ClusterParts = {
  /** `undefined`: there is no such ServiceAccount (any more). */
  readonly serviceAccount: (
    namespace: string,
    name: string,
  ) => { readonly uid: string | undefined } | undefined
  readonly onFailure: (error: unknown) => void
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512']

/** Lists of audiences that are asked for: the installation's, and those of policies. */
const MAX_LISTS = 64

/** ServiceAccount tokens that prove themselves by a signature of the cluster's, where no API server can be asked. */
export function createClusterTokens(
  { issuer, jwksFile }: ClusterIssuer,
  { serviceAccount, onFailure }: ClusterParts,
): ClusterTokens {
  const verifiers = new Map<string, Verifier<Caller>>()

  return {
    authenticate: (token, digest, audiences) => {
      const jwt = readUnverified(token)
      if (jwt?.issuer !== issuer) return undefined
      const verifier = verifierFor(audiences)
      if (verifier === undefined) return rejected('overloaded')
      const remembered = verifier.remembered(digest)
      return remembered === undefined
        ? verifier.verify(token, digest, jwt).then(conclude)
        : conclude(remembered)
    },
    close: () => {
      for (const verifier of verifiers.values()) verifier.close()
    },
  }

  function verifierFor(audiences: readonly string[]): Verifier<Caller> | undefined {
    const key = JSON.stringify(audiences)
    const known = verifiers.get(key)
    if (known !== undefined || verifiers.size >= MAX_LISTS) return known
    const created = createVerifier<Caller>({
      expected: { issuer, audiences, algorithms: ALGORITHMS },
      fetchKeys: fetchingFrom({ kind: 'file', file: jwksFile }),
      onFetched: ({ keys, error }) => keys === undefined && onFailure(error),
      read: readCaller,
      periods: FILE_PERIODS,
    })
    verifiers.set(key, created)
    return created
  }

  function conclude(verified: Verified<Caller>): Authentication {
    return verified.kind === 'refused' ? rejected(verified.reason) : ofLiving(verified.value)
  }

  /** A token does not outlive its ServiceAccount, nor serve a later one of the same name. */
  function ofLiving(caller: Caller): Authentication {
    const [, , namespace = '', name = ''] = caller.user.split(':')
    const account = serviceAccount(namespace, name)
    if (account === undefined) return rejected('invalid-token')
    const same = account.uid === undefined || caller.uid === undefined || account.uid === caller.uid
    return same ? known(caller) : rejected('invalid-token')
  }
}

const SUBJECT = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/

function readCaller({ sub, ...claims }: Claims): Verified<Caller> {
  const [, namespace, name] = SUBJECT.exec(typeof sub === 'string' ? sub : '') ?? []
  if (namespace === undefined || name === undefined) {
    return { kind: 'refused', reason: 'invalid-token' }
  }
  return { kind: 'verified', value: serviceAccountCaller(namespace, name, uidIn(claims)) }
}

function uidIn(claims: Claims): string | undefined {
  const kubernetes = claims['kubernetes.io']
  const account = isRecord(kubernetes) ? kubernetes.serviceaccount : undefined
  const uid = isRecord(account) ? account.uid : undefined
  return typeof uid === 'string' ? uid : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
