import { didYouMean } from './did-you-mean.ts'

/** Keys of earlier versions that are refused, each with the key that replaces it. */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ['limits', 'ownersMay'],
  ['headers.method', 'headers.credential'],
])

/** What a message about an unknown word adds: its new name, or the known word closest to it. */
export const hint = (
  unknown: string,
  known: readonly string[],
  renamed: string | undefined,
): string => (renamed === undefined ? didYouMean(unknown, known) : `; renamed to \`${renamed}\``)
