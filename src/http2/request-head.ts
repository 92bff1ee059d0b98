// Reads the headers of a request: RFC 9113 section 8.

import type { HeaderField } from './header-field.ts'

/** The headers of a request that are of use. */
export type RequestHead = {
  readonly method: string
  readonly path: string
  readonly contentType: string | undefined
  /** The header grpc-timeout. */
  readonly timeout: string | undefined
  /** The bytes of content that the request has, as it says. */
  readonly length: number | undefined
}

/** A name of a field: no upper case, no character that ends a name (section 8.2.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** A value: no NUL, CR or LF, and no white space around it (section 8.2.1). */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/
const LENGTH = /^\d{1,15}$/
const PSEUDO = new Set([':method', ':scheme', ':authority', ':path'])
/** These belong to HTTP/1.1 (section 8.2.2). */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** `undefined`: malformed (section 8.1.1). */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  const pseudo = new Map<string, string>()
  const read = new Map<string, string>()
  for (const { name, value } of fields) {
    if (BAD_VALUE.test(value)) return undefined
    if (name.startsWith(':')) {
      if (!PSEUDO.has(name) || pseudo.has(name) || read.size > 0) return undefined
      pseudo.set(name, value)
    } else if (!isRegular(name, value)) return undefined
    // Of a header that occurs twice, the text is that of none: it is not what is expected.
    else read.set(name, read.has(name) ? `${read.get(name)},${value}` : value)
  }
  const method = pseudo.get(':method')
  const path = pseudo.get(':path')
  if (method === undefined || !pseudo.has(':scheme') || path === undefined || path === '')
    return undefined
  const length = read.get('content-length')
  if (length !== undefined && !LENGTH.test(length)) return undefined
  return {
    method,
    path,
    contentType: read.get('content-type'),
    timeout: read.get('grpc-timeout'),
    length: length === undefined ? undefined : Number(length),
  }
}

/** Whether these are trailers of a request: no pseudo-header is allowed. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ name, value }) => isRegular(name, value) && !BAD_VALUE.test(value))

const isRegular = (name: string, value: string): boolean =>
  NAME.test(name) && !CONNECTION_HEADERS.has(name) && (name !== 'te' || value === 'trailers')
