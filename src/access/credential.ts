import type { CredentialPlace } from './decision.ts'

/** What a request shows of its caller. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'ambiguous' }
  | Presented

export type Presented = {
  readonly kind: 'presented'
  readonly value: string
  /** Everywhere this value stands. */
  readonly places: readonly CredentialPlace[]
  /** Whether it stands where a token may stand, and where an API key may. */
  readonly asToken: boolean
  readonly asApiKey: boolean
}

/** A header that may carry a credential. `authorization` carries it behind the scheme `Bearer`. */
export type CredentialHeader = {
  readonly name: string
  readonly asToken: boolean
  readonly asApiKey: boolean
}

const NONE: Credential = { kind: 'none' }
const MALFORMED: Credential = { kind: 'malformed' }
const AMBIGUOUS: Credential = { kind: 'ambiguous' }

/** Longest credential that is looked at, in bytes. */
const MAX_LENGTH = 8_192

const PRINTABLE = /^[\x21-\x7e]+$/
// The scheme is case-insensitive (RFC 9110 section 11.1).
const BEARER = /^bearer +([\x21-\x7e]+)$/i

/** The headers that may carry a credential, where `apiKeyHeaders` may carry an API key. */
export function credentialHeaders(apiKeyHeaders: readonly string[]): readonly CredentialHeader[] {
  const authorization = {
    name: 'authorization',
    asToken: true,
    asApiKey: apiKeyHeaders.includes('authorization'),
  }
  const others = apiKeyHeaders.filter((name) => name !== 'authorization')
  return [authorization, ...others.map((name) => ({ name, asToken: false, asApiKey: true }))]
}

/**
 * Reads the one credential of a request. The same value in several places is one credential; different
 * values are ambiguous, and so is a comma, by which proxies join repeated headers. An empty header is
 * no credential.
 */
export function readCredential(
  headers: ReadonlyMap<string, string>,
  accepted: readonly CredentialHeader[],
): Credential {
  let found: Presented | undefined
  let malformed = false
  for (const header of accepted) {
    const text = headers.get(header.name)
    if (text === undefined || text === '') continue
    if (text.includes(',')) return AMBIGUOUS
    const value = valueIn(header.name, text)
    if (value === undefined) malformed = true
    else if (found !== undefined && found.value !== value) return AMBIGUOUS
    else found = withPlace(found, value, header)
  }
  if (malformed) return MALFORMED
  return found ?? NONE
}

function valueIn(name: string, text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  if (name === 'authorization') return BEARER.exec(text)?.[1]
  return PRINTABLE.test(text) ? text : undefined
}

const withPlace = (
  found: Presented | undefined,
  value: string,
  { name, asToken, asApiKey }: CredentialHeader,
): Presented => ({
  kind: 'presented',
  value,
  places: [...(found?.places ?? []), { kind: 'header', name }],
  asToken: asToken || found?.asToken === true,
  asApiKey: asApiKey || found?.asApiKey === true,
})
