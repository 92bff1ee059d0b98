// Reads the one credential of a request from its headers and cookies.

import { walkCookies } from '../common/cookies.ts'
import { AUTHORIZATION, type CredentialSource } from './credential-sources.ts'
import type { CredentialPlace } from './decision.ts'
import type { Headers } from './request.ts'
import { decodeBase64url, SUBPROTOCOLS_HEADER, sourceOf, subprotocolsIn } from './subprotocols.ts'

export { type CredentialSource, credentialSources } from './credential-sources.ts'

/** The credential of a request. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'ambiguous' }
  | Presented

export type Presented = {
  readonly kind: 'presented'
  readonly value: string
  /** Every place with this value. */
  readonly places: readonly CredentialPlace[]
  /** Whether one of its places can have a Kubernetes token, and an API key. */
  readonly asToken: boolean
  readonly asApiKey: boolean
}

const NONE: Credential = { kind: 'none' }
const MALFORMED: Credential = { kind: 'malformed' }
const TOO_LONG: Credential = { kind: 'too-long' }
const AMBIGUOUS: Credential = { kind: 'ambiguous' }

/** Longest credential to read, in characters, with its scheme or prefix; for a JWT the default, and the maximum. */
export const MAX_CREDENTIAL_LENGTH = 8_192
export const JWT_LENGTH = 32_768
export const MAX_JWT_LENGTH = 65_536

const PRINTABLE = /^[\x21-\x7e]+$/
/** Whether a header can carry this credential. With a comma proxies join repeated headers. */
export const isPresentable = (value: string): boolean =>
  PRINTABLE.test(value) && !value.includes(',')

// The scheme is case-insensitive (RFC 9110 section 11.1).
const AUTHORIZED = /^([a-z][a-z0-9-]{0,31}) +([\x21-\x7e]+)$/i
const BEARER = 'bearer'
const JWT = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/

/**
 * Reads the one credential of a request. The same value in several places is one credential. Different values
 * are ambiguous, and so is a comma, since proxies join repeated headers with it. An empty header is no
 * credential.
 */
export function readCredential(
  headers: Headers,
  sources: readonly CredentialSource[],
  jwtLength = JWT_LENGTH,
): Credential {
  const reading = createReading(jwtLength)
  for (const source of sources) {
    if (source.place.kind !== 'header') continue
    const text = headers.get(source.place.name)
    if (text !== undefined && text !== '' && !reading.add(source, text)) return AMBIGUOUS
  }
  const cookie = headers.get('cookie')
  if (cookie !== undefined && !readCookies(cookie, sources, reading)) return AMBIGUOUS
  const offered = headers.get(SUBPROTOCOLS_HEADER)
  if (offered !== undefined && !readSubprotocols(offered, sources, reading)) return AMBIGUOUS
  return reading.result()
}

type Reading = ReturnType<typeof createReading>

function createReading(jwtLength: number) {
  let found: Presented | undefined
  let bad: Credential | undefined
  const isLong = (text: string, value: string | undefined) =>
    text.length > MAX_CREDENTIAL_LENGTH && (value === undefined || !JWT.test(value))

  return {
    /** `false`: there is another credential. */
    add: (source: CredentialSource, text: string): boolean => {
      const shown = text.length > jwtLength ? undefined : shownIn(source, text)
      if (isLong(text, shown?.value)) bad ??= TOO_LONG
      else if (text.includes(',')) return false
      else if (shown === undefined) bad = MALFORMED
      else if (found !== undefined && found.value !== shown.value) return false
      else found = at(source.place, shown, found)
      return true
    },
    refuse: (kind: 'malformed' | 'too-long') => {
      bad ??= { kind }
    },
    result: (): Credential => bad ?? found ?? NONE,
  }
}

/** Walks once for all names; `false`: there is more than one credential. */
function readCookies(
  header: string,
  sources: readonly CredentialSource[],
  reading: Reading,
): boolean {
  const wanted = sources.filter(({ place }) => place.kind === 'cookie')
  if (wanted.length === 0) return true
  let single = true
  let last = ''
  const whole = walkCookies(header, (name, quoted, pair) => {
    const value = unquoted(quoted)
    if (value === '' || pair === last) return true
    const source = wanted.find(({ place }) => place.name === name)
    if (source !== undefined) single = reading.add(source, value)
    last = pair
    return single
  })
  if (!whole) reading.refuse('too-long')
  return single
}

/** A value may be in quotes (RFC 6265 section 4.1.1). */
const unquoted = (value: string): string =>
  value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value

/** `false`: there is more than one credential. */
function readSubprotocols(
  header: string,
  sources: readonly CredentialSource[],
  reading: Reading,
): boolean {
  const wanted = sources.filter(({ place }) => place.kind === 'subprotocol')
  if (wanted.length === 0) return true
  const offered = subprotocolsIn(header)
  if (offered === undefined) reading.refuse('too-long')
  return (offered ?? []).every((each) => {
    const source = sourceOf(each, wanted)
    return source === undefined || reading.add(source, each)
  })
}

type Shown = Pick<Presented, 'value' | 'asToken' | 'asApiKey'>

function shownIn(source: CredentialSource, text: string): Shown | undefined {
  const { place, prefix, asToken, asApiKey, schemes = [], base64url } = source
  if (place.kind === 'header' && place.name === AUTHORIZATION) {
    const [, scheme = '', value] = AUTHORIZED.exec(text) ?? []
    const name = scheme.toLowerCase()
    if (value === undefined) return undefined
    if (name === BEARER) return { value, asToken, asApiKey }
    return schemes.includes(name) ? { value, asToken: false, asApiKey: true } : undefined
  }
  const written = text.startsWith(prefix) ? text.slice(prefix.length) : ''
  const value = base64url === true ? (decodeBase64url(written) ?? '') : written
  return isPresentable(value) ? { value, asToken, asApiKey } : undefined
}

const at = (place: CredentialPlace, shown: Shown, found: Presented | undefined): Presented => ({
  kind: 'presented',
  value: shown.value,
  places: found?.places.includes(place) ? found.places : [...(found?.places ?? []), place],
  asToken: shown.asToken || found?.asToken === true,
  asApiKey: shown.asApiKey || found?.asApiKey === true,
})
