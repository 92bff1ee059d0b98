// Builds the headers that identify the caller to the model.

import type { Caller } from '../access/caller.ts'
import { jsonText } from '../access/claim-values.ts'
import { claimAt } from '../access/claims.ts'
import type { ClaimHeaders } from '../access/decision.ts'
import { serviceAccountOfUser } from '../common/service-account-name.ts'

/** The names of the headers that identify the caller to the model. */
export type IdentityHeaders = {
  readonly user: string
  readonly groups: string
  /** The groups as a JSON array; absent: no such header. */
  readonly groupsJson?: string
  /** Has the kind of the caller's credential. */
  readonly credential: string
  /** Further headers, each with the claim whose value it carries. */
  readonly claims: Readonly<Record<string, string>>
  /** Further headers, each with a text about the caller; an empty text only removes the client's. */
  readonly templates?: Readonly<Record<string, string>>
}

/** The values that are left out, and why; labels of the metrics. */
type LeftOutValue = 'user' | 'groups' | 'groups-json' | 'claim' | 'template'
export const LEFT_OUT_CAUSES = ['too-long', 'not-exact', 'object', 'not-unicode'] as const
type LeftOutCause = (typeof LEFT_OUT_CAUSES)[number]
export type OnLeftOut = (value: LeftOutValue, cause: LeftOutCause) => void

type Value = LeftOutCause | { readonly text: string }

const NONE: Value = { text: '' }

// Anything else could end a header line or be misread.
export const PRINTABLE = /^[\x20-\x7e]+$/
export const MAX_VALUE_LENGTH = 16_384

/** All headers that only this program may set. */
export const identityNames = (names: IdentityHeaders): readonly string[] => [
  names.user,
  names.groups,
  ...(names.groupsJson === undefined ? [] : [names.groupsJson]),
  names.credential,
  ...Object.keys(names.claims),
  ...Object.keys(names.templates ?? {}),
]

/**
 * The headers that identify the caller to the model. Empty values have no header; values that cannot be sent
 * are reported.
 */
export function identityValues(
  caller: Caller,
  names: IdentityHeaders,
  claims: ClaimHeaders,
  onLeftOut: OnLeftOut,
): readonly (readonly [name: string, value: string])[] {
  const { user = '', groups, kind } = caller
  const whole = groups.filter((group) => group.isWellFormed())
  if (whole.length < groups.length) onLeftOut('groups', 'not-unicode')
  const json = names.groupsJson
  const values: (readonly [name: string, value: string])[] = []
  const add = (name: string, what: LeftOutValue, value: Value) => {
    const cause = typeof value === 'string' ? value : tooLong(value)
    if (cause !== undefined) onLeftOut(what, cause)
    else if (typeof value !== 'string' && value.text !== '') values.push([name, value.text])
  }
  add(names.user, 'user', encoded(user))
  add(names.groups, 'groups', listOf(whole))
  if (json !== undefined && groups.length > 0) add(json, 'groups-json', jsonOf(groups))
  add(names.credential, 'user', { text: kind })
  for (const [name, claim] of Object.entries(claims)) add(name, 'claim', claimOf(caller, claim))
  for (const [name, template] of Object.entries(names.templates ?? NO_TEMPLATES)) {
    add(name, 'template', encoded(fillTemplate(template, caller)))
  }
  return values
}

const NO_TEMPLATES: NonNullable<IdentityHeaders['templates']> = {}

/** A field without a value, and without an alternative after `|`, leaves the header out. */
function fillTemplate(template: string, caller: Caller): string {
  let empty = false
  const text = template.replaceAll(FIELD, (_whole, field: string, other: string | undefined) => {
    const value = fieldOf(caller, field) || other || ''
    if (value === '') empty = true
    return value
  })
  return empty ? '' : text
}

const FIELD = /\{(user|kind|namespace)(?:\|([^{}]*))?\}/g

/** `namespace`: of the ServiceAccount, or of the Secret with the API key. */
function fieldOf({ user, kind, apiKey, inRbac }: Caller, field: string): string | undefined {
  if (field === 'user') return user
  if (field === 'kind') return kind
  if (apiKey !== undefined) return apiKey.namespace
  return inRbac ? serviceAccountOfUser(user)?.namespace : undefined
}

const tooLong = ({ text }: { readonly text: string }): LeftOutCause | undefined =>
  text.length > MAX_VALUE_LENGTH ? 'too-long' : undefined

/**
 * Characters that are not encoded. `%` is, so that the encoding is unambiguous; spaces at an end are, since
 * readers trim them.
 */
const PLAIN = /^(?! )[\x20-\x24\x26-\x7e]*(?<! )$/
const PLAIN_IN_LIST = /^(?! )[\x20-\x24\x26-\x2b\x2d-\x7e]*(?<! )$/

const encoded = (text: string): Value =>
  text.isWellFormed() ? { text: PLAIN.test(text) ? text : escaped(text, '') } : 'not-unicode'

/** Separated by commas; a comma in an entry is encoded. */
const listOf = (entries: readonly string[]): Value => ({
  text: entries
    .filter((entry) => entry !== '')
    .map((entry) => (PLAIN_IN_LIST.test(entry) ? entry : escaped(entry, ',')))
    .join(','),
})

const ESCAPES = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)
const isPrintable = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e
const [PERCENT, SPACE] = [0x25, 0x20]

/** Percent-encodes UTF-8 (RFC 3986 section 2.1), separators included. */
function escaped(text: string, separator: string): string {
  const bytes = Buffer.from(text, 'utf8')
  const last = bytes.length - 1
  let result = ''
  for (const [index, byte] of bytes.entries()) {
    const isEnd = byte === SPACE && (index === 0 || index === last)
    const plain = isPrintable(byte) && byte !== PERCENT && !isEnd
    const character = plain ? String.fromCharCode(byte) : ''
    result += plain && character !== separator ? character : ESCAPES[byte]
  }
  return result
}

/** JSON in ASCII. */
const jsonOf = (value: unknown): Value => ({
  text: JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  ),
})

/** `''`: the caller has no token with this claim, or it is null. */
function claimOf({ claims }: Caller, path: string | undefined): Value {
  const value = claims === undefined || path === undefined ? undefined : claimAt(claims, path)
  if (value === undefined || value === null) return NONE
  if (typeof value === 'string') return encoded(value)
  if (Array.isArray(value)) return value.every(isExact) ? jsonOf(value) : 'not-exact'
  if (typeof value === 'object') return 'object'
  const text = jsonText(value)
  return text === undefined ? 'not-exact' : { text }
}

/** Whether JSON reproduces the number as it was in the token. */
const isExact = (value: unknown): boolean =>
  typeof value !== 'number' || jsonText(value) !== undefined
