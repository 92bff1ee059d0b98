// Canonical hosts of authorities.

/** An authority (RFC 3986 section 3.2) without user information. */
export type Authority = {
  /** Lower-case, without port and trailing dot: equal hosts are equal texts. */
  readonly host: string
  /** Whether a dot follows, as in an absolute domain name. Envoy matches virtual hosts including that dot. */
  readonly absolute: boolean
  readonly port: number | undefined
}

/**
 * Reads an authority. `undefined` if it is not clean: empty, two hosts joined by a comma, user information,
 * or anything that is neither a host name nor an IP literal (RFC 3986 section 3.2.2).
 */
export function readAuthority(authority: string): Authority | undefined {
  if (authority.length > MAX_LENGTH) return undefined
  const [, host, dot, port] = AUTHORITY.exec(authority) ?? []
  if (host === undefined || host.length > MAX_HOST) return undefined
  if (port !== undefined && Number(port) > 65_535) return undefined
  return {
    host: host.toLowerCase(),
    absolute: dot === '.',
    port: port === undefined ? undefined : Number(port),
  }
}

/** The host of an authority; `undefined` if it is not clean. */
export const canonicalHost = (authority: string): string | undefined =>
  readAuthority(authority)?.host

export const MAX_HOST = 255
/** Includes a trailing dot and a port. */
const MAX_LENGTH = MAX_HOST + 7

// A reg-name without percent-encoding and sub-delims, which no valid host here has, or an IP literal in
// brackets. Underscores occur in hosts that are not DNS names.
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?'
const AUTHORITY = new RegExp(
  `^(${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:.]{2,45}\\])(\\.?)(?::([0-9]{1,5}))?$`,
)
