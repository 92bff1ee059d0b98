/** A Cookie header's value without the cookies of these names; `''` when none is left (RFC 6265 section 4.2). */
export const withoutCookie = (cookie: string, names: readonly string[]): string =>
  cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !names.includes(nameOf(pair)))
    .join('; ')

const nameOf = (pair: string): string => pair.split('=', 1)[0]?.trim() ?? ''
