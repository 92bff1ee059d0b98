// Reads whether a client prefers HTML to JSON.

/** In characters: browsers send a hundred. */
export const MAX_ACCEPT_LENGTH = 4_096

/**
 * Whether an Accept header prefers `text/html` to `application/json` (RFC 9110 section 12.5.1), as browsers do
 * when they open a page. Clients that accept anything, or say nothing, do not.
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > MAX_ACCEPT_LENGTH) return false
  const ranges = accept.split(',').map(readRange)
  return qualityOf(HTML, ranges) > qualityOf(JSON_TYPE, ranges)
}

/** The ranges that match a type, the most specific first. */
const HTML = ['text/html', 'text/*', '*/*']
const JSON_TYPE = ['application/json', 'application/*', '*/*']

type Range = { readonly type: string; readonly quality: number }

function qualityOf(matching: readonly string[], ranges: readonly Range[]): number {
  for (const type of matching) {
    const found = ranges.filter((range) => range.type === type)
    if (found.length > 0) return found.reduce((most, { quality }) => Math.max(most, quality), 0)
  }
  return 0
}

/** A quality that cannot be read is none. */
function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length)
  if (weight === undefined) return { type, quality: 1 }
  return { type, quality: QUALITY.test(weight) ? Number(weight) : 0 }
}

const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/
