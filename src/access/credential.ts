import { walkCookies } from '../common/cookies.ts'
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

/** Longest credential that is looked at, in characters, with its scheme or prefix. */
export const MAX_CREDENTIAL_LENGTH = 8_192

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
  const reading = createReading()
  for (const source of sources) {
    if (source.place.kind === 'cookie') continue
    const text = headers.get(source.place.name)
    if (text !== undefined && text !== '' && !reading.add(source, text)) return AMBIGUOUS
  }
  const cookie = headers.get('cookie')
  if (cookie !== undefined && !readCookies(cookie, sources, reading)) return AMBIGUOUS
  return reading.result()
}

type Reading = ReturnType<typeof createReading>

function createReading() {
  let found: Presented | undefined
  let malformed = false
  return {
    /** `false`: this is not the only credential. */
    add: (source: CredentialSource, text: string): boolean => {
      const long = text.length > MAX_CREDENTIAL_LENGTH
      if (!long && text.includes(',')) return false
      const value = long ? undefined : valueIn(source, text)
      if (value === undefined) malformed = true
      else if (found !== undefined && found.value !== value) return false
      else found = at(source, value, found)
      return true
    },
    refuse: () => {
      malformed = true
    },
    result: (): Credential => (malformed ? MALFORMED : (found ?? NONE)),
  }
}

/** One walk for all the names; `false`: there is more than one credential. */
function readCookies(
  header: string,
  sources: readonly CredentialSource[],
  reading: Reading,
): boolean {
  const wanted = sources.filter(({ place }) => place.kind === 'cookie')
  if (wanted.length === 0) return true
  let single = true
  let last = ''
  const whole = walkCookies(header, (name, value, pair) => {
    if (value === '' || pair === last) return true
    const source = wanted.find(({ place }) => place.name === name)
    if (source !== undefined) single = reading.add(source, value)
    last = pair
    return single
  })
  if (!whole) reading.refuse()
  return single
}

function valueIn({ place, prefix }: CredentialSource, text: string): string | undefined {
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
  places: found?.places.includes(place) ? found.places : [...(found?.places ?? []), place],
  asToken: asToken || found?.asToken === true,
  asApiKey: asApiKey || found?.asApiKey === true,
})
