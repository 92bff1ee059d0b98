// Reads and removes credentials in WebSocket subprotocols.

import type { CredentialSource } from './credential-sources.ts'

export const SUBPROTOCOLS_HEADER = 'sec-websocket-protocol'

/** Most subprotocols of a request to read. */
export const MAX_SUBPROTOCOLS = 64

/**
 * The subprotocols that a request offers (RFC 6455 section 11.3.4); `undefined`: too many to read, so one may
 * be a credential.
 */
export function subprotocolsIn(header: string): readonly string[] | undefined {
  const offered = header.split(',', MAX_SUBPROTOCOLS + 1).map((each) => each.trim())
  return offered.length > MAX_SUBPROTOCOLS ? undefined : offered.filter((each) => each !== '')
}

/** The source of a subprotocol. */
export const sourceOf = (
  offered: string,
  sources: readonly CredentialSource[],
): CredentialSource | undefined => sources.find(({ prefix }) => offered.startsWith(prefix))

/** Removes the subprotocols with one of the prefixes; `''`: none is left. */
export const withoutSubprotocols = (header: string, prefixes: readonly string[]): string =>
  (subprotocolsIn(header) ?? [])
    .filter((each) => !prefixes.some((prefix) => each.startsWith(prefix)))
    .join(', ')

const BASE64URL = /^[\w-]+$/

/** Decodes a credential; `undefined`: not an encoded one. */
export function decodeBase64url(text: string): string | undefined {
  if (!BASE64URL.test(text)) return undefined
  const alphabet = text.replaceAll('-', '+').replaceAll('_', '/')
  try {
    return atob(alphabet)
  } catch {
    return undefined
  }
}
