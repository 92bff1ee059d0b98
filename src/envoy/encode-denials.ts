// Encodes all denials in advance, and adds to them what only a request knows.

import { DENY_REASONS, type Deny, type DenyReason } from '../access/decision.ts'
import { CAUSES, DENIALS, type Denial, DIALECTS, type Dialect } from './denials.ts'
import { bodyOf } from './dialect.ts'
import { bytesField, numberField, textField } from './fields.ts'
import { ownBytes } from './own-bytes.ts'

/** Seconds. Clients that were refused together should not retry together. */
const RETRY_AFTER = ['1', '2', '3'] as const

/** The parts of a denied request that the answer depends on. */
export type DeniedContext = {
  readonly dialect: Dialect
  /** An id to quote; absent: none. */
  readonly requestId?: string | undefined
}

/** Encodes every denial in advance. `random` is between 0 and 1. */
export function encodeDenials(
  realm: string,
  random: () => number,
): (denied: Deny, asked: DeniedContext) => Buffer {
  const reasons = table(DENY_REASONS, (reason) => preparedIn(reason, DENIALS[reason], realm))
  const causes = new Map(
    Object.entries(CAUSES).map(([cause, denial]) => [
      cause,
      preparedIn('invalid-token', denial, realm),
    ]),
  )

  return ({ reason, refusal }, { dialect, requestId }) => {
    const known = refusal === undefined ? undefined : causes.get(refusal.cause)
    const variants = (known ?? reasons[reason])[dialect]
    const prepared = variants[Math.floor(random() * variants.length)] ?? variants[0]
    return requestId === undefined ? prepared.whole : quoting(prepared, requestId)
  }
}

/** An answer without what only a request knows. */
type Prepared = {
  readonly whole: Buffer
  readonly start: Buffer
  readonly headers: Buffer
  readonly bodyWith: (requestId: string) => Buffer
  readonly idHeaders: readonly string[]
}

/** One, or one for each delay. */
type Variants = readonly [Prepared, ...Prepared[]]

const preparedIn = (reason: DenyReason, denial: Denial, realm: string): Record<Dialect, Variants> =>
  table(DIALECTS, (dialect) => {
    const prepared = (retryAfter?: string) =>
      prepare(reason, denial, dialect, headersOf(denial, dialect, realm, retryAfter))
    if (denial.httpStatus !== 503) return [prepared()]
    const [first, ...others] = RETRY_AFTER
    return [prepared(first), ...others.map(prepared)]
  })

function table<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  // Object.fromEntries loses the type of the keys.
  const entries = keys.map((key) => [key, make(key)] as const)
  return Object.fromEntries(entries) as Record<K, V>
}

/** The numbers of the fields in CheckResponse, DeniedHttpResponse and their parts. */
const STATUS = 1
const DENIED = 2
const HEADERS = 2
const BODY = 3

const headerField = (key: string, value: string): Buffer =>
  bytesField(HEADERS, bytesField(1, textField(1, key), textField(2, value)))

function prepare(
  reason: DenyReason,
  denial: Denial,
  dialect: Dialect,
  given: readonly (readonly [name: string, value: string])[],
): Prepared {
  const start = bytesField(STATUS, numberField(1, denial.code))
  const headers = Buffer.concat([
    bytesField(STATUS, numberField(1, denial.httpStatus)),
    ...given.map(([name, value]) => headerField(name, value)),
  ])
  const body = ownBytes(textField(BODY, bodyOf(dialect, reason, denial)))
  return {
    whole: ownBytes(Buffer.concat([start, bytesField(DENIED, headers, body)])),
    start: ownBytes(start),
    headers: ownBytes(headers),
    bodyWith:
      dialect === 'anthropic'
        ? (requestId) => textField(BODY, bodyOf(dialect, reason, denial, requestId))
        : () => body,
    // Anthropic's clients read another header.
    idHeaders: dialect === 'anthropic' ? ['x-request-id', 'request-id'] : ['x-request-id'],
  }
}

const quoting = ({ start, headers, bodyWith, idHeaders }: Prepared, id: string): Buffer =>
  Buffer.concat([
    start,
    bytesField(DENIED, headers, ...idHeaders.map((name) => headerField(name, id)), bodyWith(id)),
  ])

function headersOf(
  { httpStatus, phrase, error }: Denial,
  dialect: Dialect,
  realm: string,
  retryAfter: string | undefined,
): readonly (readonly [name: string, value: string])[] {
  const suffix = error === undefined ? '' : `, error="${error}"`
  return [
    ['x-ext-auth-reason', phrase],
    ...(httpStatus === 401
      ? [['www-authenticate', `Bearer realm="${realm}"${suffix}`] as const]
      : []),
    ...(retryAfter === undefined ? [] : [['retry-after', retryAfter] as const]),
    ...(dialect === 'grpc' ? [] : [['content-type', 'application/json'] as const]),
  ]
}
