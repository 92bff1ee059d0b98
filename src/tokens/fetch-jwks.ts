import { open } from 'node:fs/promises'
import { isSecureUrl } from '../common/secure-url.ts'

/** Where an issuer's keys are: at a URL, in a file, or wherever its discovery document says. */
export type JwksLocation =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'discovery'; readonly issuer: string }

export type FetchLimits = {
  /** For the whole of one look, in milliseconds. */
  readonly timeoutMs: number
  /** For each document. */
  readonly maxBytes: number
}

export const FETCH_LIMITS: FetchLimits = { timeoutMs: 3_000, maxBytes: 1024 * 1024 }
export const MAX_REDIRECTS = 3

type Limit = { readonly signal: AbortSignal; readonly maxBytes: number }

/** A function that fetches the key set anew on each call. Rejects with a fixed text, never with what the issuer sent. */
export function jwksFetcher(
  location: JwksLocation,
  limits: Partial<FetchLimits> = {},
): (signal: AbortSignal) => Promise<unknown> {
  const { timeoutMs, maxBytes } = { ...FETCH_LIMITS, ...limits }
  return async (closing) => {
    const late = AbortSignal.timeout(timeoutMs)
    const limit = { signal: AbortSignal.any([closing, late]), maxBytes }
    try {
      return await fetchFrom(location, limit)
    } catch (error) {
      throw late.aborted ? new Error(`no answer within ${timeoutMs} ms`) : plain(error)
    }
  }
}

async function fetchFrom(location: JwksLocation, limit: Limit): Promise<unknown> {
  switch (location.kind) {
    case 'file':
      return readJson(location.file, limit)
    case 'uri':
      return fetchJson(location.uri, limit)
    case 'discovery':
      return fetchJson(await discover(location.issuer, limit), limit)
  }
}

/** OpenID Connect Discovery 1.0, sections 4.1 and 4.3: the document must be the issuer's own. */
async function discover(issuer: string, limit: Limit): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await fetchJson(url, limit)
  const { issuer: named, jwks_uri: uri } = isRecord(document) ? document : {}
  if (named !== issuer) throw new Error('the discovery document is of another issuer')
  // An issuer elsewhere must not lead to what listens on loopback here.
  const secure = typeof uri === 'string' && (isHttps(issuer) ? isHttps(uri) : isSecureUrl(uri))
  if (!secure) throw new Error('the discovery document names no https jwks_uri')
  return uri
}

const isHttps = (url: string): boolean => isSecureUrl(url) && URL.parse(url)?.protocol === 'https:'

async function fetchJson(url: string, { signal, maxBytes }: Limit): Promise<unknown> {
  let at = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const headers = { accept: 'application/json' }
    const response = await fetch(at, { signal, redirect: 'manual', headers })
    if (response.status === 200) return parse(await textOf(response.body ?? [], maxBytes))
    await response.body?.cancel()
    const location = response.headers.get('location')
    const next = location === null ? null : URL.parse(location, at.href)
    if (response.status < 300 || response.status > 399 || next === null) {
      throw new Error(`the issuer answered with status ${response.status}`)
    }
    if (next.origin !== at.origin) throw new Error('the issuer redirects to another host')
    at = next
  }
  throw new Error('the issuer redirects too often')
}

async function readJson(path: string, { signal, maxBytes }: Limit): Promise<unknown> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`)
  return parse(await file.readFile({ encoding: 'utf8', signal }))
}

async function textOf(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The parser's own message would quote the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the answer is not JSON')
  }
}

/** `fetch` says only that it failed; what the system says of the reason is a code. */
function plain(error: unknown): unknown {
  const cause = error instanceof TypeError ? error.cause : undefined
  if (cause === undefined) return error
  const code = isRecord(cause) && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new Error(`the issuer cannot be reached${code}`)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
