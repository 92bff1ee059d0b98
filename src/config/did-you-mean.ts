import { closest, distance } from 'fastest-levenshtein'

/** A question that names the known word closest to an unknown one; empty where none is close. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const best = closest(unknown, known)
  const mistakes = distance(unknown, best)
  return mistakes <= 2 || mistakes * 4 <= unknown.length ? `; did you mean \`${best}\`?` : ''
}
