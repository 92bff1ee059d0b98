// Decides who may read the metrics, by TokenReview and SubjectAccessReview, as kube-rbac-proxy does.

import { type Authentication, rejected } from '../access/authentication.ts'
import { isNamedCaller, type NamedCaller } from '../access/caller.ts'
import { readCredential } from '../access/credential.ts'
import { AUTHORIZATION, type CredentialSource } from '../access/credential-sources.ts'
import { type Permission, REFUSES } from '../access/decide.ts'
import type { DenyReason } from '../access/decision.ts'
import type { AuthenticateToken } from '../access/identify.ts'
import type { NonResourceAttributes } from '../access/permissions.ts'
import type { ServiceRef } from '../access/service.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import { DENIALS } from '../envoy/denials.ts'
import type { Refusal } from '../observability/http.ts'

/** `undefined`: it may read them. Never rejects. `authorization`: repeated headers are joined by commas. */
export type MetricsReaders = (authorization: string | undefined) => Promise<Refusal | undefined>

type Parts = {
  readonly authenticateToken: AuthenticateToken
  readonly permits: (
    caller: NamedCaller,
    service: ServiceRef,
    attributes: NonResourceAttributes,
  ) => MaybePromise<Permission>
  readonly sha256: (text: string) => string
}

/** Without an API server nobody may. */
export const NO_READERS: MetricsReaders = async () => refusal('authentication-unavailable')

/** One permission for every page and method, so that a reader has one cached answer. */
const METRICS: NonResourceAttributes = { verb: 'get', path: '/metrics', key: 'get /metrics' }

/** Queues and rate limits count all readers as one service. No service has an empty namespace. */
const READERS: ServiceRef = { kind: 'InferenceService', namespace: '', name: 'metrics' }

const SOURCE: CredentialSource = {
  place: { kind: 'header', name: AUTHORIZATION },
  prefix: '',
  asToken: true,
  asApiKey: false,
}

/** Longest wait for both answers, in milliseconds: less than the timeout of a scrape. */
export const READERS_MS = 5_000

/** Admits callers whose Kubernetes token belongs to a user that may `get` the path `/metrics`. */
export function createMetricsReaders({
  authenticateToken,
  permits,
  sha256,
}: Parts): MetricsReaders {
  return (authorization) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, READERS_MS, refusal('deadline-exceeded'))
      void refusalOf(authorization)
        .catch(() => refusal('internal'))
        .then((made) => {
          clearTimeout(timer)
          resolve(made)
        })
    })

  async function refusalOf(authorization: string | undefined): Promise<Refusal | undefined> {
    const authentication = await authenticate(authorization)
    if (authentication.kind === 'rejected') return refusal(authentication.reason)
    const { caller } = authentication
    if (!isNamedCaller(caller)) return refusal('invalid-token')
    const permission = await permits(caller, READERS, METRICS)
    if (permission === 'yes') return undefined
    return REFUSES[permission] ? forbidden(caller) : refusal('authorization-unavailable')
  }

  async function authenticate(authorization: string | undefined): Promise<Authentication> {
    const headers = new Map(authorization === undefined ? [] : [[AUTHORIZATION, authorization]])
    const credential = readCredential(headers, [SOURCE])
    if (credential.kind !== 'presented') return rejected(UNREAD[credential.kind])
    const asker = { service: READERS, proxy: undefined }
    const digest = sha256(credential.value)
    return (
      (await authenticateToken(credential, digest, asker, undefined)) ?? rejected('unknown-issuer')
    )
  }
}

const UNREAD = {
  none: 'missing-credential',
  malformed: 'malformed-credential',
  ambiguous: 'ambiguous-credential',
  'too-long': 'credential-too-long',
} as const satisfies Record<string, DenyReason>

const HINTS: Readonly<Record<number, string>> = {
  401: 'send Authorization: Bearer <Kubernetes token>',
  503: 'retry later',
}

function refusal(reason: DenyReason): Refusal {
  const { httpStatus: status, phrase } = DENIALS[reason]
  const hint = HINTS[status]
  return { status, text: hint === undefined ? phrase : `${phrase}: ${hint}` }
}

/** As the API server puts it. The name is the reader's own. */
const forbidden = ({ user }: NamedCaller): Refusal => ({
  status: 403,
  text: `user ${JSON.stringify(user)} cannot get path ${JSON.stringify(METRICS.path)}`,
})
