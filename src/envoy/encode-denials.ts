// Encodes all denials in advance.

import { DENY_REASONS, type Deny, type DenyReason } from '../access/decision.ts'
import { CAUSES, DENIALS, type Denial } from './denials.ts'
import { bodyOf, DIALECTS, type Dialect } from './dialect.ts'
import type { HeaderOption } from './messages.ts'
import { encodeCheckResponse } from './protocol.ts'

export const header = (key: string, value: string): HeaderOption => ({ header: { key, value } })

/** Seconds. */
const RETRY_AFTER = '1'
/** Clients that were refused together should not retry together. */
const LONGER = ['2', '3'] as const

/** Encodes every denial in advance. `random` is between 0 and 1. */
export function encodeDenials(
  realm: string,
  random: () => number,
): (denied: Deny, dialect: Dialect) => Buffer {
  const encodedWith = (retryAfter: string) =>
    table(DENY_REASONS, (reason) =>
      table(DIALECTS, (dialect) =>
        encodeDenial(reason, DENIALS[reason], dialect, { realm, retryAfter }),
      ),
    )
  const usual = encodedWith(RETRY_AFTER)
  const overloaded = [usual, ...LONGER.map(encodedWith)].map((denials) => denials.overloaded)

  const told = { realm, retryAfter: RETRY_AFTER }
  const causes = new Map(
    Object.entries(CAUSES).map(([cause, denial]) => [
      cause,
      table(DIALECTS, (dialect) => encodeDenial('invalid-token', denial, dialect, told)),
    ]),
  )

  return ({ reason, refusal }, dialect) => {
    const known = refusal === undefined ? undefined : causes.get(refusal.cause)
    if (known !== undefined) return known[dialect]
    if (reason !== 'overloaded') return usual[reason][dialect]
    const chosen = overloaded[Math.floor(random() * overloaded.length)] ?? usual.overloaded
    return chosen[dialect]
  }
}

function table<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  // Object.fromEntries loses the type of the keys.
  const entries = keys.map((key) => [key, make(key)] as const)
  return Object.fromEntries(entries) as Record<K, V>
}

type Told = { readonly realm: string; readonly retryAfter: string }

function encodeDenial(reason: DenyReason, denial: Denial, dialect: Dialect, told: Told): Buffer {
  const body = bodyOf(dialect, reason, denial)
  return encodeCheckResponse({
    status: { code: denial.code },
    denied_response: {
      status: { code: denial.httpStatus },
      headers: denialHeaders(denial, told, body !== undefined),
      ...(body === undefined ? {} : { body }),
    },
  })
}

function denialHeaders(
  { httpStatus, phrase, error }: Denial,
  { realm, retryAfter }: Told,
  json: boolean,
): HeaderOption[] {
  const headers = [header('x-ext-auth-reason', phrase)]
  if (httpStatus === 401) {
    const suffix = error === undefined ? '' : `, error="${error}"`
    headers.push(header('www-authenticate', `Bearer realm="${realm}"${suffix}`))
  }
  if (httpStatus === 503) headers.push(header('retry-after', retryAfter))
  if (json) headers.push(header('content-type', 'application/json'))
  return headers
}
