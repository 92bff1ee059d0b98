// The places where a credential can be, by configuration.

import type { CredentialPlace } from './decision.ts'

/** A place where a credential can be. */
export type CredentialSource = {
  readonly place: CredentialPlace
  /** The text before the credential. For `authorization` it is the scheme, case-insensitive. */
  readonly prefix: string
  readonly asToken: boolean
  readonly asApiKey: boolean
  /** For `authorization`: further schemes of API keys, in lower case. */
  readonly schemes?: readonly string[]
  /** For a subprotocol: whether the credential is encoded. */
  readonly base64url?: boolean
}

/** A WebSocket subprotocol with a credential after a prefix, since browsers cannot set headers. */
type Subprotocol = { readonly prefix: string; readonly base64url: boolean }

export type FurtherSources = {
  /** The schemes of API keys in Authorization. */
  readonly schemes?: readonly string[]
  /** Headers for Kubernetes tokens, besides Authorization. */
  readonly tokenHeaders?: readonly string[]
  readonly subprotocols?: readonly Subprotocol[]
}

export const AUTHORIZATION = 'authorization'
const BEARER = 'bearer'

/** `authorization`, the other headers for API keys, and the places of further tokens. */
export function credentialSources(
  apiKeyHeaders: readonly string[],
  furtherTokens: readonly { readonly place: CredentialPlace; readonly prefix: string }[],
  { schemes = [BEARER], tokenHeaders = [], subprotocols = [] }: FurtherSources = {},
): readonly CredentialSource[] {
  const sources = new Map<string, CredentialSource>()
  const lower = schemes.map((scheme) => scheme.toLowerCase())
  const asBearerKey = apiKeyHeaders.includes(AUTHORIZATION) && lower.includes(BEARER)
  for (const name of new Set([AUTHORIZATION, ...apiKeyHeaders, ...tokenHeaders])) {
    const isAuthorization = name === AUTHORIZATION
    sources.set(`header ${name}`, {
      place: { kind: 'header', name },
      prefix: '',
      asToken: isAuthorization || tokenHeaders.includes(name),
      asApiKey: isAuthorization ? asBearerKey : apiKeyHeaders.includes(name),
      ...(isAuthorization && apiKeyHeaders.includes(name) ? { schemes: lower } : {}),
    })
  }
  for (const { place, prefix } of furtherTokens) {
    const key = `${place.kind} ${place.name}`
    const known = sources.get(key)
    sources.set(key, known ?? { place, prefix, asToken: false, asApiKey: false })
  }
  for (const { prefix, base64url } of subprotocols) {
    const place = { kind: 'subprotocol', name: prefix } as const
    const source = { place, prefix, base64url, asToken: true, asApiKey: asBearerKey }
    sources.set(`subprotocol ${prefix}`, source)
  }
  return [...sources.values()]
}
