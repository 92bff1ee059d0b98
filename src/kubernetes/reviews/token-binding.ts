// Reads the objects that a token is bound to.

import { isRecord } from '../../common/json.ts'
import { serviceAccountOfUser } from '../../common/service-account-name.ts'

/** The objects that a token is bound to and does not outlive (KEP-1205). */
export type TokenBinding = {
  /** `namespace/name` of the ServiceAccount. */
  readonly account: string
  readonly accountUid: string | undefined
  /** The Secret it is bound to, `namespace/name`; `undefined`: none. */
  readonly secret: string | undefined
  readonly secretUid: string | undefined
  /** Whether that Secret contains the token. Another bound Secret may have any type, and is then not watched. */
  readonly inSecret: boolean
}

export type TokenClaims = Readonly<Record<string, unknown>>

/** `undefined`: not a ServiceAccount's token. */
export function bindingOf(
  user: unknown,
  uid: string | undefined,
  claims: TokenClaims,
): TokenBinding | undefined {
  const account = serviceAccountOfUser(user)
  if (account === undefined) return undefined
  const { namespace, name } = account
  const bound = fieldsAt(claims, 'kubernetes.io')
  const boundSecret = fieldsAt(bound, 'secret')
  const holder = textAt(claims, LEGACY_SECRET)
  const secret = holder ?? textAt(boundSecret, 'name')
  return {
    account: `${namespace}/${name}`,
    accountUid:
      uid ?? textAt(fieldsAt(bound, 'serviceaccount'), 'uid') ?? textAt(claims, LEGACY_UID),
    secret: secret === undefined ? undefined : `${namespace}/${secret}`,
    secretUid: holder === undefined ? textAt(boundSecret, 'uid') : undefined,
    inSecret: holder !== undefined,
  }
}

/** Claims of legacy tokens, which do not expire. */
const LEGACY_SECRET = 'kubernetes.io/serviceaccount/secret.name'
const LEGACY_UID = 'kubernetes.io/serviceaccount/service-account.uid'

function fieldsAt(claims: TokenClaims, name: string): TokenClaims {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return isRecord(value) ? value : {}
}

function textAt(claims: TokenClaims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}
