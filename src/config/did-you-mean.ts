// Hints for misspelt words.

import { closest, distance } from 'fastest-levenshtein'

/** A hint with the known word closest to an unknown one; empty if none is close. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const best = closest(unknown, known)
  const mistakes = distance(unknown, best)
  return mistakes <= 2 || mistakes * 4 <= unknown.length ? `; did you mean \`${best}\`?` : ''
}

/** The known words closest to an unknown one, at most `most`, the closest first. */
export const nearestTo = (
  unknown: string,
  known: readonly string[],
  most: number,
): readonly string[] =>
  known
    .map((word) => ({ word, mistakes: distance(unknown, word) }))
    .toSorted((one, other) => one.mistakes - other.mistakes)
    .slice(0, most)
    .map(({ word }) => word)
