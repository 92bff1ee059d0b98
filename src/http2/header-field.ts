// A header field, and the table that both sides know.

/** What a field may be part of: RFC 9113 sections 8.2 and 8.3. */
type FieldKind = 'pseudo' | 'regular' | 'malformed'

/** A header field as HPACK keeps it. */
export type HeaderField = {
  readonly name: string
  readonly value: string
  readonly kind: FieldKind
}

/** What an entry of a table counts besides its texts (RFC 7541 section 4.1). */
const ENTRY_BYTES = 32

/** A name of a field: no upper case, no character that ends a name. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** A value: no NUL, CR or LF, and no white space around it. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/
const PSEUDO = new Set([':method', ':scheme', ':authority', ':path'])
/** These belong to HTTP/1.1. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** A field of a request. An entry of a table is looked at once. */
export const hpackField = (name: string, value: string): HeaderField => ({
  name,
  value,
  kind: kindOf(name, value),
})

function kindOf(name: string, value: string): FieldKind {
  if (BAD_VALUE.test(value)) return 'malformed'
  if (name.startsWith(':')) return PSEUDO.has(name) ? 'pseudo' : 'malformed'
  const isRegular =
    NAME.test(name) && !CONNECTION_HEADERS.has(name) && (name !== 'te' || value === 'trailers')
  return isRegular ? 'regular' : 'malformed'
}

export const sizeOf = ({ name, value }: HeaderField): number =>
  name.length + value.length + ENTRY_BYTES

const entry = (name: string, value = ''): HeaderField => hpackField(name, value)

/** RFC 7541 Appendix A. The first entry has the index 1. */
export const STATIC_TABLE: readonly HeaderField[] = [
  entry(':authority'),
  entry(':method', 'GET'),
  entry(':method', 'POST'),
  entry(':path', '/'),
  entry(':path', '/index.html'),
  entry(':scheme', 'http'),
  entry(':scheme', 'https'),
  ...['200', '204', '206', '304', '400', '404', '500'].map((code) => entry(':status', code)),
  entry('accept-charset'),
  entry('accept-encoding', 'gzip, deflate'),
  ...[
    'accept-language',
    'accept-ranges',
    'accept',
    'access-control-allow-origin',
    'age',
    'allow',
    'authorization',
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-length',
    'content-location',
    'content-range',
    'content-type',
    'cookie',
    'date',
    'etag',
    'expect',
    'expires',
    'from',
    'host',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'last-modified',
    'link',
    'location',
    'max-forwards',
    'proxy-authenticate',
    'proxy-authorization',
    'range',
    'referer',
    'refresh',
    'retry-after',
    'server',
    'set-cookie',
    'strict-transport-security',
    'transfer-encoding',
    'user-agent',
    'vary',
    'via',
    'www-authenticate',
  ].map((name) => entry(name)),
]
