// Fetches JWKS from a URL, a file or by discovery.

import { open } from 'node:fs/promises'
import { isRecord } from '../common/json.ts'
import { isHttpUrl, isLoopback, isSecureUrl } from '../common/secure-url.ts'
import { exchange, type FetchRoute, parseAnswer, unreachable } from './exchange.ts'

/** The location of an issuer's keys: a URL, a file, or its discovery document. */
export type JwksLocation =
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'discovery'; readonly issuer: string }

export type FetchLimits = {
  /** For one complete fetch, in milliseconds. */
  readonly timeoutMs: number
  /** Per document. */
  readonly maxBytes: number
}

export const FETCH_LIMITS: FetchLimits = { timeoutMs: 3_000, maxBytes: 1024 * 1024 }
export const MAX_REDIRECTS = 3

type Limit = FetchRoute & { readonly signal: AbortSignal; readonly maxBytes: number }

/** Returns a function that fetches the key set. It rejects with a fixed text that contains nothing the issuer sent. */
export function jwksFetcher(
  location: JwksLocation,
  limits: Partial<FetchLimits> = {},
  route: FetchRoute = {},
): (signal: AbortSignal) => Promise<unknown> {
  const { timeoutMs, maxBytes } = { ...FETCH_LIMITS, ...limits }
  return async (closing) => {
    const late = AbortSignal.timeout(timeoutMs)
    const limit = { ...route, signal: AbortSignal.any([closing, late]), maxBytes }
    try {
      return await fetchFrom(location, limit)
    } catch (error) {
      throw late.aborted ? new Error(`no answer within ${timeoutMs} ms`) : unreachable(error)
    }
  }
}

async function fetchFrom(location: JwksLocation, limit: Limit): Promise<unknown> {
  switch (location.kind) {
    case 'file':
      return readJson(location.file, limit)
    case 'uri':
      return fetchJson(location.uri, KEY_SET, limit)
    case 'discovery':
      return fetchJson(await discover(location.issuer, limit), KEY_SET, limit)
  }
}

/** A Kubernetes API server serves its keys as this type only (RFC 7517 section 8.5.2). */
const KEY_SET = 'application/jwk-set+json, application/json;q=0.9, */*;q=0.8'
const DOCUMENT = 'application/json, */*;q=0.8'

/** OpenID Connect Discovery 1.0, sections 4.1 and 4.3: the document must be the issuer's own. */
async function discover(issuer: string, limit: Limit): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await fetchJson(url, DOCUMENT, limit)
  const { issuer: named, jwks_uri: uri } = isRecord(document) ? document : {}
  if (named !== issuer) throw new Error('the discovery document is of another issuer')
  if (typeof uri !== 'string' || !mayLeadTo(issuer, uri)) {
    throw new Error('the discovery document has no https jwks_uri')
  }
  return uri
}

/**
 * A remote issuer must not lead to a loopback address, and an https issuer not to http. Plain http is for
 * loopback, or if the provider's configuration allows it.
 */
function mayLeadTo(issuer: string, uri: string): boolean {
  const [from, to] = [URL.parse(issuer), URL.parse(uri)]
  if (from === null || to === null || !isHttpUrl(uri)) return false
  if (from.protocol === 'https:') return to.protocol === 'https:'
  return isLoopback(from) ? isSecureUrl(uri) : !isLoopback(to)
}

async function fetchJson(url: string, accept: string, limit: Limit): Promise<unknown> {
  let at = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const { status, location, text } = await exchange(at, { ...limit, headers: { accept } })
    if (status === 200) return parseAnswer(text)
    const next = location === undefined ? null : URL.parse(location, at.href)
    if (status < 300 || status > 399 || next === null) {
      throw new Error(`the issuer answered with status ${status}`)
    }
    if (next.origin !== at.origin) throw new Error('the issuer redirects to another host')
    at = next
  }
  throw new Error('the issuer redirects too often')
}

async function readJson(path: string, { signal, maxBytes }: Limit): Promise<unknown> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
  return parseAnswer(await file.readFile({ encoding: 'utf8', signal }))
}
