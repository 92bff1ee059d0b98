// The order of texts.

/** Compares texts by their UTF-16 code units, for `sort`. */
export const compareTexts = (one: string, other: string): number => {
  if (one === other) return 0
  return one < other ? -1 : 1
}
