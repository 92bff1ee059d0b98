import type { CredentialSource } from './credential-sources.ts'

export const SUBPROTOCOLS_HEADER = 'sec-websocket-protocol'

/** Most subprotocols of a request that are read. */
export const MAX_SUBPROTOCOLS = 64

/**
 * What a request offers as subprotocols (RFC 6455 section 11.3.4); `undefined`: more than are read, so that there
 * may be a credential among them.
 */
export function subprotocolsIn(header: string): readonly string[] | undefined {
  const offered = header.split(',', MAX_SUBPROTOCOLS + 1).map((each) => each.trim())
  return offered.length > MAX_SUBPROTOCOLS ? undefined : offered.filter((each) => each !== '')
}

/** The source that a subprotocol is of. */
export const sourceOf = (
  offered: string,
  sources: readonly CredentialSource[],
): CredentialSource | undefined => sources.find(({ prefix }) => offered.startsWith(prefix))

/** Without those that begin with one of the prefixes; `''`: none is left. */
export const withoutSubprotocols = (header: string, prefixes: readonly string[]): string =>
  (subprotocolsIn(header) ?? [])
    .filter((each) => !prefixes.some((prefix) => each.startsWith(prefix)))
    .join(', ')

const BASE64URL = /^[\w-]+$/

/** The credential that is written so; `undefined`: it is not. */
export function decodeBase64url(text: string): string | undefined {
  if (!BASE64URL.test(text)) return undefined
  const alphabet = text.replaceAll('-', '+').replaceAll('_', '/')
  try {
    return atob(alphabet)
  } catch {
    return undefined
  }
}
