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

const LENGTH = /^\d{1,15}$/

/** `undefined`: malformed (section 8.1.1). */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  const first = fields.findIndex(({ kind }) => kind !== 'pseudo')
  const pseudo = first === -1 ? fields : fields.slice(0, first)
  if (!areTrailers(fields.slice(pseudo.length))) return undefined
  const [method, path, scheme] = [':method', ':path', ':scheme'].map((name) => textOf(pseudo, name))
  if (method === undefined || !path || scheme === undefined) return undefined
  if (new Set(pseudo.map(({ name }) => name)).size < pseudo.length) return undefined
  const length = textOf(fields, 'content-length')
  if (length !== undefined && !LENGTH.test(length)) return undefined
  return {
    method,
    path,
    contentType: textOf(fields, 'content-type'),
    timeout: textOf(fields, 'grpc-timeout'),
    length: length === undefined ? undefined : Number(length),
  }
}

/** Whether these are trailers of a request: no pseudo-header is allowed. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ kind }) => kind === 'regular')

/** The text of a header. Of one that occurs twice it is that of none, so it is not what is expected. */
function textOf(fields: readonly HeaderField[], wanted: string): string | undefined {
  let text: string | undefined
  for (const { name, value } of fields)
    if (name === wanted) text = text === undefined ? value : `${text},${value}`
  return text
}
