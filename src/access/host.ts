/**
 * Reads an authority into the one form in which equal hosts are equal texts: lower-case, without port
 * and without one trailing dot. `undefined` where it is not clean: empty, two hosts joined by a comma,
 * user information, or anything else that a host name or IP literal (RFC 3986 section 3.2.2) cannot hold.
 */
export function canonicalHost(authority: string): string | undefined {
  if (authority.length > MAX_LENGTH) return undefined
  const parts = AUTHORITY.exec(authority)
  const host = parts?.[1]
  if (host === undefined) return undefined
  const port = parts?.[2]
  if (port !== undefined && Number(port) > 65_535) return undefined
  return host.length > MAX_HOST ? undefined : host.toLowerCase()
}

const MAX_HOST = 255
/** With a dot at its end and a port. */
const MAX_LENGTH = MAX_HOST + 7

// A reg-name of labels without the percent-encoding and sub-delims that no host of ours has, or an
// IP literal in brackets. Underscores occur in names of hosts that are not DNS names.
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?'
const AUTHORITY = new RegExp(
  `^(${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:.]{2,45}\\])\\.?(?::([0-9]{1,5}))?$`,
)
