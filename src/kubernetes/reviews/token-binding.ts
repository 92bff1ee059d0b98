import { isRecord } from '../../common/json.ts'
import { serviceAccountOfUser } from '../../common/service-account-name.ts'

/** What a token was issued for and does not outlive. */
export type TokenBinding = {
  /** `namespace/name` of the ServiceAccount. */
  readonly account: string
  readonly accountUid: string | undefined
  /** The Secret that it ends with, `namespace/name`; `undefined`: none. */
  readonly secret: string | undefined
  readonly secretUid: string | undefined
  /** Whether that Secret holds the token. One that a token is merely bound to can be of any type, and is not watched then. */
  readonly inSecret: boolean
}

export type TokenClaims = Readonly<Record<string, unknown>>

/** `undefined`: not a ServiceAccount's. */
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

/** In tokens that were made before tokens had an end. */
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
