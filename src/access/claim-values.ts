// Compares values of claims with the texts of a rule.

import type { Match } from './match.ts'

/** A text, number or boolean as rules write it; `undefined`: anything else, or inexact. */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'number' && isExact(value) ? JSON.stringify(value) : undefined
}

/** Beyond these bounds different numbers in the token give the same value. */
const isExact = (value: number): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))

// RFC 8259 section 6.
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i

const numberOf = (text: string): number => (NUMBER.test(text) ? Number(text) : Number.NaN)

/** `unknown`: a text is another spelling of the same number. */
export function matchNumber(value: number, texts: readonly string[]): Match {
  const own = jsonText(value)
  if (own !== undefined && texts.includes(own)) return 'yes'
  return texts.some((text) => numberOf(text) === value) ? 'unknown' : 'no'
}

/** The content of several values. */
export type Summary = {
  readonly texts: ReadonlySet<string>
  /** Texts that they have under another reading. */
  readonly doubtful: ReadonlySet<string>
  readonly numbers: ReadonlySet<number>
  /** Whether a value is neither text, number nor boolean. */
  readonly odd: boolean
}

export type Entries = {
  readonly clear: readonly unknown[]
  readonly doubtful: readonly string[]
}

/** Limit for all summaries together: more than the claims of one token can have. */
export const MAX_SUMMARY_ENTRIES = 65_536

/** Caches summaries of the values used last: all rules of a service look at the same caller's. */
export function createSummaries<T>(entriesOf: (value: T) => Entries): (value: T) => Summary {
  const known = new Map<T, Summary>()
  let held = 0
  return (value) => {
    const found = known.get(value)
    if (found !== undefined) return found
    const entries = entriesOf(value)
    const size = 1 + entries.clear.length + entries.doubtful.length
    if (held + size > MAX_SUMMARY_ENTRIES) {
      known.clear()
      held = 0
    }
    const made = summaryOf(entries)
    known.set(value, made)
    held += size
    return made
  }
}

function summaryOf({ clear, doubtful }: Entries): Summary {
  const numbers = clear.filter((entry) => typeof entry === 'number')
  const texts = clear.map(jsonText).filter((text) => text !== undefined)
  return {
    texts: new Set(texts),
    doubtful: new Set(doubtful),
    numbers: new Set(numbers),
    odd: clear.some((entry) => typeof entry !== 'number' && jsonText(entry) === undefined),
  }
}

/** Whether the values include one of the texts. */
export function matchSummary(summary: Summary, texts: readonly string[]): Match {
  if (texts.some((text) => summary.texts.has(text))) return 'yes'
  if (summary.odd) return 'unknown'
  const { doubtful, numbers } = summary
  const isDoubtful = (text: string) =>
    doubtful.has(text) || (numbers.size > 0 && numbers.has(numberOf(text)))
  return texts.some(isDoubtful) ? 'unknown' : 'no'
}
