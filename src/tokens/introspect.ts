// Asks an authorization server about one token (RFC 7662).

import { open } from 'node:fs/promises'
import type { Claims } from '../access/claim-path.ts'
import { type CallError, isAboutTheBody } from '../common/dependency-calls.ts'
import { isRecord } from '../common/json.ts'
import { exchange, type FetchRoute, parseAnswer, unreachable } from './exchange.ts'

/** An introspection endpoint, and the client that may ask it. */
export type IntrospectionEndpoint = {
  readonly url: string
  readonly clientId: string
  /** Read for each call. */
  readonly clientSecretFile: string
}

/** The claims of an active token, with their length as JSON; `undefined`: the token is not active. */
export type Introspected = { readonly claims: Claims; readonly length: number } | undefined

export const MAX_INTROSPECTION_BYTES = 65_536
export const MAX_SECRET_BYTES = 8_192

/** An error status. Contains nothing of the answer's body. */
class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: number
  readonly retryAfterMs: number

  constructor(status: number, retryAfterMs: number) {
    super(
      status === 401 || status === 403
        ? `the issuer refuses the client credentials with status ${status}`
        : `the issuer answered with status ${status}`,
    )
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Redirects are not followed. Rejects with an error for `readCallError`. */
export async function introspect(
  { url, clientId, clientSecretFile }: IntrospectionEndpoint,
  route: FetchRoute,
  token: string,
  signal: AbortSignal,
): Promise<Introspected> {
  const secret = await readSecret(clientSecretFile)
  const { status, retryAfterMs, text } = await exchange(new URL(url), {
    ...route,
    signal,
    maxBytes: MAX_INTROSPECTION_BYTES,
    headers: {
      accept: 'application/json',
      authorization: basicOf(clientId, secret),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
  })
  if (status !== 200) throw new StatusError(status, retryAfterMs)
  return readIntrospection(text)
}

/** A fixed sentence, with nothing that was sent or received. */
export function readCallError(error: unknown): CallError {
  const shown = unreachable(error)
  const problem = shown instanceof Error ? shown.message : 'the issuer cannot be asked'
  return error instanceof StatusError
    ? {
        problem,
        isAboutTheQuestion: isAboutTheBody(error.status),
        retryAfterMs: error.retryAfterMs,
      }
    : { problem, isAboutTheQuestion: false, retryAfterMs: 0 }
}

/** Only `true` is active (RFC 7662 section 2.2). Rejects any answer that says neither yes nor no. */
export function readIntrospection(text: string): Introspected {
  const answer = parseAnswer(text)
  const active = isRecord(answer) && Object.hasOwn(answer, 'active') ? answer.active : undefined
  if (typeof active !== 'boolean') throw new Error('the answer does not say whether it is active')
  return active && isRecord(answer) ? { claims: answer, length: text.length } : undefined
}

/** RFC 6749 section 2.3.1: both are form-encoded first. */
const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`

const formEncoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

/** A line break at the end is not part of it. */
async function readSecret(path: string): Promise<string> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > MAX_SECRET_BYTES)
    throw new Error(`the client secret is over ${MAX_SECRET_BYTES} bytes`)
  const secret = (await file.readFile('utf8')).replace(/\r?\n$/, '')
  if (secret === '') throw new Error('the file of the client secret is empty')
  return secret
}
