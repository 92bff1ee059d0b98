import { readFile } from 'node:fs/promises'
import { isSecureUrl } from '../access/secure-url.ts'

/** Where an issuer's keys are: at a URL, in a file, or wherever its discovery document says. */
export type KeyLocation =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'discovery'; readonly issuer: string }

export type FetchLimits = {
  /** For the whole of one look, in milliseconds. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

const LIMITS: FetchLimits = { timeoutMs: 5_000, maxBytes: 1024 * 1024 }
const MAX_REDIRECTS = 3

/** A function that fetches the key set anew on each call. Rejects with a fixed text, never with what the issuer sent. */
export function fetchingFrom(
  location: KeyLocation,
  limits: Partial<FetchLimits> = {},
): () => Promise<unknown> {
  const { timeoutMs, maxBytes } = { ...LIMITS, ...limits }
  return async () => {
    const signal = AbortSignal.timeout(timeoutMs)
    switch (location.kind) {
      case 'file':
        return parse(await readFile(location.file, { encoding: 'utf8', signal }))
      case 'uri':
        return fetchJson(location.uri, signal, maxBytes)
      case 'discovery':
        return fetchJson(await discover(location.issuer, signal, maxBytes), signal, maxBytes)
    }
  }
}

/** OpenID Connect Discovery 1.0, sections 4.1 and 4.3: the document must be the issuer's own. */
async function discover(issuer: string, signal: AbortSignal, maxBytes: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await fetchJson(url, signal, maxBytes)
  const { issuer: named, jwks_uri: uri } = isRecord(document) ? document : {}
  if (named !== issuer) throw new Error('the discovery document is of another issuer')
  if (typeof uri !== 'string' || !isSecureUrl(uri)) {
    throw new Error('the discovery document names no https jwks_uri')
  }
  return uri
}

async function fetchJson(url: string, signal: AbortSignal, maxBytes: number): Promise<unknown> {
  let at = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await fetch(at, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/json' },
    })
    if (response.status === 200) return parse(await textOf(response, maxBytes))
    await response.body?.cancel()
    const next = URL.parse(response.headers.get('location') ?? '', at.href)
    if (response.status < 300 || response.status > 399 || next === null) {
      throw new Error(`the issuer answered with status ${response.status}`)
    }
    if (next.origin !== at.origin) throw new Error('the issuer redirects to another host')
    at = next
  }
  throw new Error('the issuer redirects too often')
}

async function textOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxBytes) throw new Error('the issuer sends too much')
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

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
