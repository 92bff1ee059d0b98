// Reads and cuts Cookie headers.

/** Longest Cookie header to read, in characters: Envoy's default limit for all headers. */
export const MAX_COOKIE_LENGTH = 65_536
/** Most pairs of a Cookie header to read: browsers keep fewer per domain. */
export const MAX_COOKIES = 512

/** Called with the parts of a pair, without surrounding space; `false` ends the walk. */
type Visit = (name: string, value: string, pair: string) => boolean

/** Envoy joins several Cookie headers with a comma. No value may have one (RFC 6265 section 4.1.1), but some do. */
const JOINED = /,(?=[\t ]*[!#$%&'*+.^_`|~0-9A-Za-z-]+=)/

/**
 * Walks once over the pairs of a Cookie header (RFC 6265 section 4.2), except empty ones. `false`: it is too
 * long or has too many pairs, so some may not have been visited.
 */
export function walkCookies(header: string, visit: Visit): boolean {
  if (header.length > MAX_COOKIE_LENGTH) return false
  let pairs = 0
  for (let start = 0; start < header.length; ) {
    const semicolon = header.indexOf(';', start)
    const end = semicolon < 0 ? header.length : semicolon
    const piece = header.slice(start, end)
    start = end + 1
    for (const each of piece.includes(',') ? piece.split(JOINED) : [piece]) {
      const pair = each.trim()
      if (pair === '') continue
      pairs += 1
      if (pairs > MAX_COOKIES) return false
      const equals = pair.indexOf('=')
      const name = equals < 0 ? pair : pair.slice(0, equals).trimEnd()
      const value = equals < 0 ? '' : pair.slice(equals + 1).trimStart()
      if (!visit(name, value, pair)) return true
    }
  }
  return true
}

/**
 * A Cookie header's value without the cookies of these names; `''`: none is left (RFC 6265 section 4.2), or
 * it is too long to read.
 */
export function withoutCookie(cookie: string, names: readonly string[]): string {
  const others: string[] = []
  const whole = walkCookies(cookie, (name, _value, pair) => {
    if (!names.includes(name)) others.push(pair)
    return true
  })
  return whole ? others.join('; ') : ''
}
