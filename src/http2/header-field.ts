// A header field, and the table that both sides know.

/** A header field as HPACK keeps it. */
export type HeaderField = { readonly name: string; readonly value: string }

/** What an entry of a table counts besides its texts (RFC 7541 section 4.1). */
const ENTRY_BYTES = 32

export const sizeOf = ({ name, value }: HeaderField): number =>
  name.length + value.length + ENTRY_BYTES

const entry = (name: string, value = ''): HeaderField => ({ name, value })

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
