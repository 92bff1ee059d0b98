import { isFields } from './fields.ts'

/** What a token was issued for and does not outlive. */
export type Issued = {
  /** `namespace/name` of the ServiceAccount. */
  readonly account: string
  readonly accountUid: string | undefined
  /** The Secret that holds the token, `namespace/name`; `undefined`: none does. */
  readonly secret: string | undefined
  readonly secretUid: string | undefined
}

export type TokenClaims = Readonly<Record<string, unknown>>

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** `undefined`: not a ServiceAccount's. */
export function issuedFor(
  user: unknown,
  uid: string | undefined,
  claims: TokenClaims,
): Issued | undefined {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(typeof user === 'string' ? user : '') ?? []
  if (namespace === undefined || name === undefined) return undefined
  const bound = fieldsAt(claims, 'kubernetes.io')
  const boundSecret = fieldsAt(bound, 'secret')
  const secret = textAt(boundSecret, 'name') ?? textAt(claims, LEGACY_SECRET)
  return {
    account: `${namespace}/${name}`,
    accountUid:
      uid ?? textAt(fieldsAt(bound, 'serviceaccount'), 'uid') ?? textAt(claims, LEGACY_UID),
    secret: secret === undefined ? undefined : `${namespace}/${secret}`,
    secretUid: textAt(boundSecret, 'uid'),
  }
}

/** In tokens that were made before tokens had an end. */
const LEGACY_SECRET = 'kubernetes.io/serviceaccount/secret.name'
const LEGACY_UID = 'kubernetes.io/serviceaccount/service-account.uid'

function fieldsAt(claims: TokenClaims, name: string): TokenClaims {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return isFields(value) ? value : {}
}

function textAt(claims: TokenClaims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}
