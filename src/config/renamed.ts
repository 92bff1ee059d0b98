// Keys of earlier versions, with their new names.

import { didYouMean } from './did-you-mean.ts'

/** Keys of earlier versions, which are refused, with their replacements. */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ['limits', 'ownersMay'],
  ['headers.method', 'headers.credential'],
])

/** A hint for an unknown word: its new name, or the closest known word. */
export const hint = (
  unknown: string,
  known: readonly string[],
  renamed: string | undefined,
): string => (renamed === undefined ? didYouMean(unknown, known) : `; renamed to \`${renamed}\``)
