// Reads Secrets with ServiceAccount tokens.

import type { KubernetesObject } from './object.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'
import { bytesAt, credentialFault, isTokenSecret, TOO_LONG } from './secret.ts'

/** A ServiceAccount token in a Secret. Only its digest is kept. */
export type TokenSecret = {
  readonly namespace: string
  readonly secretName: string
  /** The name of the ServiceAccount, in the same namespace. */
  readonly serviceAccount: string
  /** The ServiceAccount's; a token does not outlive it. */
  readonly uid: string | undefined
  /** SHA-256, lower-case hex. */
  readonly digest: string
}

const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

/** Reads a Secret of type `kubernetes.io/service-account-token`; `undefined`: it is of another type or not valid. */
export function readTokenSecret(
  object: KubernetesObject,
  { sha256 }: Pick<ReadSettings, 'sha256'>,
  raise: Raise,
): TokenSecret | undefined {
  if (!isTokenSecret(object)) return undefined
  const { namespace, name, annotations } = object
  const refuse = (fault: string) => {
    raise('TokenRefused', fault)
    return undefined
  }
  const serviceAccount = annotations.get(ACCOUNT_NAME)
  if (!serviceAccount) return refuse(`annotation ${ACCOUNT_NAME} names no ServiceAccount`)
  const uid = annotations.get(ACCOUNT_UID)
  if (uid === undefined && annotations.has(ACCOUNT_UID))
    return refuse(`annotation ${ACCOUNT_UID} is not text (quote it)`)
  // A manifest that Kubernetes completes with a token.
  if (object.content.data === undefined && object.content.stringData === undefined) return undefined
  const bytes = bytesAt(object, 'token')
  if (bytes === undefined) return refuse('it has no data named token')
  if (bytes === 'unreadable') return refuse('data "token" is neither text nor base64')
  if (bytes === 'too-long') return refuse(`data "token" ${TOO_LONG}`)
  const fault = credentialFault(bytes)
  if (fault !== undefined) return refuse(`data "token" ${fault}`)
  return { namespace, secretName: name, serviceAccount, uid, digest: sha256(bytes) }
}
