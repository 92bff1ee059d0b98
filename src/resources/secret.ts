// Reads the data of Secrets.

import { isPresentable, MAX_CREDENTIAL_LENGTH } from '../access/credential.ts'
import { isRecord } from '../common/json.ts'
import { type KubernetesObject, textAt, valueAt } from './object.ts'

/** The type of a Secret with the token of a ServiceAccount. */
const TOKEN_TYPE = 'kubernetes.io/service-account-token'

/** Shorter credentials can be guessed. */
const MIN_BYTES = 16
/** Requests cannot carry longer credentials. */
export const MAX_BYTES = MAX_CREDENTIAL_LENGTH

export const isTokenSecret = ({ content }: KubernetesObject): boolean =>
  textAt(content, 'type') === TOKEN_TYPE

/**
 * The bytes under a name, merging `data` and `stringData` (which wins) as the API server does. `undefined`:
 * no such name. `'unreadable'`: neither text nor base64. `'too-long'`: not decoded.
 */
export function bytesAt(
  { content }: KubernetesObject,
  name: string,
): Uint8Array | 'unreadable' | 'too-long' | undefined {
  for (const [field, decode, maxLength] of [
    ['stringData', encodeUtf8, MAX_BYTES],
    ['data', decodeBase64, MAX_BASE64],
  ] as const) {
    const entries = valueAt(content, field)
    if (!isRecord(entries) || !Object.hasOwn(entries, name)) continue
    const entry = entries[name] ?? ''
    if (typeof entry === 'string' && entry.length > maxLength) return 'too-long'
    return (typeof entry === 'string' ? decode(entry) : undefined) ?? 'unreadable'
  }
  return undefined
}

/** Why these bytes are not a valid credential; `undefined`: they are. The text does not quote them. */
export function credentialFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_BYTES) return TOO_LONG
  if (bytes.length === 0) return 'is empty'
  const last = bytes.at(-1)
  if (last === LINE_FEED || last === CARRIAGE_RETURN) return 'ends in a newline'
  if (bytes.length < MIN_BYTES) return `is shorter than ${MIN_BYTES} bytes`
  const text = new TextDecoder('latin1').decode(bytes)
  if (SCHEME.test(text))
    return 'begins with the scheme, such as "Bearer ": only what follows it belongs here'
  return isPresentable(text) ? undefined : UNSHOWABLE
}

export const TOO_LONG = `is longer than ${MAX_BYTES} bytes`

/** Includes line breaks. */
const MAX_BASE64 = 2 * MAX_BYTES

const SCHEME = /^(?:bearer|basic|api-?key) /i

const UNSHOWABLE =
  'has a space, a comma or a character other than printable ASCII, so no request can carry it'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

const encodeUtf8 = (text: string) => new TextEncoder().encode(text)

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** As the API server does: padding is required, line breaks are ignored. */
function decodeBase64(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/[\r\n]/g, '')
  if (!BASE64.test(compact)) return undefined
  return Uint8Array.from(atob(compact), (character) => character.charCodeAt(0))
}
