import type { CredentialPlace } from './decision.ts'

/** A place that is looked at for a credential. */
export type CredentialSource = {
  readonly place: CredentialPlace
  /** What stands before the credential. Of `authorization` it is the scheme, in any case. */
  readonly prefix: string
  readonly asToken: boolean
  readonly asApiKey: boolean
  /** Of `authorization`: further schemes, in lower case, behind which an API key stands. */
  readonly schemes?: readonly string[]
  /** Of a subprotocol: whether the credential is encoded. */
  readonly base64url?: boolean
}

/** A subprotocol of WebSockets that holds a credential behind a prefix, as browsers cannot set headers. */
type Subprotocol = { readonly prefix: string; readonly base64url: boolean }

export type FurtherSources = {
  /** Of API keys in Authorization. */
  readonly schemes?: readonly string[]
  /** Headers that may hold a Kubernetes token, besides Authorization. */
  readonly tokenHeaders?: readonly string[]
  readonly subprotocols?: readonly Subprotocol[]
}

export const AUTHORIZATION = 'authorization'
const BEARER = 'bearer'

/** `authorization`, the other headers that may carry an API key, and the places of further tokens. */
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
