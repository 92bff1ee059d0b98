// Encodes all denials in advance, and adds to them what only a request knows.

import { DENY_REASONS, type Deny, type DenyReason } from '../access/decision.ts'
import type { ApiKeyPlaces } from './advice.ts'
import { type Cors, createCors } from './cors.ts'
import { CAUSES, type Denial, DIALECTS, type Dialect, denialsFor } from './denials.ts'
import { bodyOf } from './dialect.ts'
import {
  BODY,
  bytesOf,
  DENIED,
  field,
  headerField,
  numberField,
  ownBytesOf,
  STATUS,
} from './fields.ts'
import { status } from './grpc-status.ts'

/** Seconds. Clients that were refused together should not retry together. */
const RETRY_AFTER = ['1', '2', '3'] as const

/** The parts of a denied request that the answer depends on. */
export type DeniedContext = {
  readonly dialect: Dialect
  /** An id to quote; absent: none. */
  readonly requestId?: string | undefined
  /** Of a browser; absent: none. */
  readonly origin?: string | undefined
  /** Whether it is a CORS preflight request. */
  readonly preflight?: boolean
}

type Parts = {
  readonly realm: string
  readonly cors: Cors
  readonly apiKeys: ApiKeyPlaces
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Encodes every denial in advance. */
export function encodeDenials({
  realm,
  cors,
  apiKeys,
  random,
}: Parts): (denied: Deny, asked: DeniedContext) => Buffer {
  const corsFor = createCors(cors)
  const denials = denialsFor(apiKeys)
  const reasons = table(DENY_REASONS, (reason) => preparedIn(reason, denials[reason], realm))
  const causes = new Map(
    Object.entries(CAUSES).map(([cause, denial]) => [
      cause,
      preparedIn('invalid-token', denial, realm),
    ]),
  )

  return ({ reason, refusal }, { dialect, requestId, origin, preflight }) => {
    const known = refusal === undefined ? undefined : causes.get(refusal.cause)
    const variants = (known ?? reasons[reason])[dialect]
    const prepared = variants[Math.floor(random() * variants.length)] ?? variants[0]
    const crossing = corsFor(origin)
    if (crossing !== undefined && preflight) return answered(crossing.preflight, requestId)
    if (crossing === undefined && requestId === undefined) return prepared.whole
    return completed(prepared, crossing?.denied, requestId)
  }
}

/** Preflight requests have no credential: a browser sends the request itself only after such an answer. */
const answered = (headers: string, requestId: string | undefined): Buffer => {
  const ids = requestId === undefined ? '' : headerField('x-request-id', requestId)
  const denied = field(STATUS, numberField(1, NO_CONTENT)) + headers + ids
  return bytesOf(field(STATUS, numberField(1, status.PERMISSION_DENIED)) + field(DENIED, denied))
}

const NO_CONTENT = 204

/** An answer without what only a request knows. */
type Prepared = {
  readonly whole: Buffer
  readonly start: string
  readonly headers: string
  readonly bodyWith: (requestId: string | undefined) => string
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

function prepare(
  reason: DenyReason,
  denial: Denial,
  dialect: Dialect,
  given: readonly (readonly [name: string, value: string])[],
): Prepared {
  const start = field(STATUS, numberField(1, denial.code))
  const headers =
    field(STATUS, numberField(1, denial.httpStatus)) +
    given.map(([name, value]) => headerField(name, value)).join('')
  const body = field(BODY, bodyOf(dialect, reason, denial))
  const isAnthropic = dialect === 'anthropic'
  return {
    whole: ownBytesOf(start + field(DENIED, headers + body)),
    start,
    headers,
    bodyWith: isAnthropic ? (id) => field(BODY, bodyOf(dialect, reason, denial, id)) : () => body,
    // Anthropic's clients read another header.
    idHeaders: isAnthropic ? ['x-request-id', 'request-id'] : ['x-request-id'],
  }
}

function completed(
  { start, headers, bodyWith, idHeaders }: Prepared,
  cors = '',
  id?: string,
): Buffer {
  let denied = headers + cors
  if (id !== undefined) for (const name of idHeaders) denied += headerField(name, id)
  return bytesOf(start + field(DENIED, denied + bodyWith(id)))
}

const JSON_CONTENT = [['content-type', 'application/json']] as const

/** What a client is told about the body. A browser must neither run nor guess anything. */
const CONTENT: Readonly<Record<Dialect, readonly (readonly [name: string, value: string])[]>> = {
  plain: JSON_CONTENT,
  openai: JSON_CONTENT,
  anthropic: JSON_CONTENT,
  grpc: [],
  html: [
    ['content-type', 'text/html; charset=utf-8'],
    [
      'content-security-policy',
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ],
    ['x-content-type-options', 'nosniff'],
  ],
}

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
    ...CONTENT[dialect],
  ]
}
