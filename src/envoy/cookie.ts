import { walkCookies } from '../access/cookies.ts'

/**
 * A Cookie header's value without the cookies of these names; `''` when none is left (RFC 6265 section 4.2), or
 * where it is too long to be read.
 */
export function withoutCookie(cookie: string, names: readonly string[]): string {
  const others: string[] = []
  const whole = walkCookies(cookie, (name, _value, pair) => {
    if (!names.includes(name)) others.push(pair)
    return true
  })
  return whole ? others.join('; ') : ''
}
