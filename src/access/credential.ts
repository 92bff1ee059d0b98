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
  /** Whether it stands where a Kubernetes token may stand, and where an API key may. */
  readonly asToken: boolean
  readonly asApiKey: boolean
}

/** A place that is looked at for a credential. */
export type CredentialSource = {
  readonly place: CredentialPlace
  /** What stands before the credential. Of `authorization` it is the scheme, in any case. */
  readonly prefix: string
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

const AUTHORIZATION = 'authorization'

/** `authorization`, the other headers that may carry an API key, and the places of further tokens. */
export function credentialSources(
  apiKeyHeaders: readonly string[],
  furtherTokens: readonly { readonly place: CredentialPlace; readonly prefix: string }[],
): readonly CredentialSource[] {
  const sources = new Map<string, CredentialSource>()
  for (const name of new Set([AUTHORIZATION, ...apiKeyHeaders])) {
    sources.set(`header ${name}`, {
      place: { kind: 'header', name },
      prefix: '',
      asToken: name === AUTHORIZATION,
      asApiKey: apiKeyHeaders.includes(name),
    })
  }
  for (const { place, prefix } of furtherTokens) {
    const key = `${place.kind} ${place.name}`
    const known = sources.get(key)
    sources.set(key, known ?? { place, prefix, asToken: false, asApiKey: false })
  }
  return [...sources.values()]
}

/**
 * Reads the one credential of a request. The same value in several places is one credential; different
 * values are ambiguous, and so is a comma, by which proxies join repeated headers. An empty header is
 * no credential.
 */
export function readCredential(
  headers: ReadonlyMap<string, string>,
  sources: readonly CredentialSource[],
): Credential {
  let found: Presented | undefined
  let malformed = false
  for (const source of sources) {
    for (const text of textsAt(source.place, headers)) {
      if (text.includes(',')) return AMBIGUOUS
      const value = valueIn(source, text)
      if (value === undefined) malformed = true
      else if (found !== undefined && found.value !== value) return AMBIGUOUS
      else found = at(source, value, found)
    }
  }
  if (malformed) return MALFORMED
  return found ?? NONE
}

function textsAt(
  { kind, name }: CredentialPlace,
  headers: ReadonlyMap<string, string>,
): readonly string[] {
  const text = headers.get(kind === 'header' ? name : 'cookie')
  if (text === undefined || text === '') return []
  return kind === 'header' ? [text] : cookiesNamed(name, text)
}

/** RFC 6265 section 4.2: pairs between semicolons, of which a name may occur more than once. */
function cookiesNamed(name: string, header: string): readonly string[] {
  return header.split(';').flatMap((pair) => {
    const [key = '', ...value] = pair.split('=')
    const text = value.join('=').trim()
    return key.trim() === name && text !== '' ? [text] : []
  })
}

function valueIn({ place, prefix }: CredentialSource, text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  if (place.kind === 'header' && place.name === AUTHORIZATION) return BEARER.exec(text)?.[1]
  const value = text.startsWith(prefix) ? text.slice(prefix.length) : ''
  return PRINTABLE.test(value) ? value : undefined
}

const at = (
  { place, asToken, asApiKey }: CredentialSource,
  value: string,
  found: Presented | undefined,
): Presented => ({
  kind: 'presented',
  value,
  places: [...(found?.places ?? []), place],
  asToken: asToken || found?.asToken === true,
  asApiKey: asApiKey || found?.asApiKey === true,
})
