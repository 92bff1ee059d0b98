// Reads what is certain of a regular expression, which always matches a whole value.

/** The complete leading segments of every path that matches a regular expression; `''`: none. */
export function literalLead(pattern: string): string {
  if (pattern.includes('|')) return ''
  const rest = pattern.replace(/^\^/, '')
  const [lead = ''] = /^(?:\/[A-Za-z0-9_~-]*)*/.exec(rest) ?? []
  const next = rest.slice(lead.length)
  const certain = /^[?*{+]/.test(next) ? lead.slice(0, -1) : lead
  return next === '' || next === '$'
    ? certain
    : certain.slice(0, Math.max(0, certain.lastIndexOf('/')))
}

/** The literal end of every value that matches; `''`: none. */
export function literalEnding(pattern: string): string {
  if (/\||\(\?|\\/.test(pattern)) return ''
  return /[A-Za-z0-9_~/-]*$/.exec(pattern.replace(/\$$/, ''))?.[0] ?? ''
}

/** All values that match, if the expression lists them, as KServe's does for adapters. */
export function alternativesIn(pattern: string): readonly string[] | undefined {
  const inner = /^\^?\(([^()]*)\)\$?$/.exec(pattern)?.[1] ?? /^\^?([^()|]*)\$?$/.exec(pattern)?.[1]
  const written = inner?.split('|')
  if (written === undefined || written.length > MAX_ALTERNATIVES) return undefined
  if (!written.every((value) => LITERAL.test(value))) return undefined
  return written.map((value) => value.replaceAll('\\', ''))
}

export const MAX_ALTERNATIVES = 64

/** Without special characters, unless they are escaped. */
const LITERAL = /^(?:[A-Za-z0-9_~/:@ -]|\\[.+*?()[\]{}^$|/-])*$/
