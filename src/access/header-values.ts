// Reads the values that a proxy may compare of a header.

export const MAX_VALUES = 64

/**
 * The whole value, which a proxy may compare, and each of the lines it may be joined from. `undefined`: too
 * many.
 */
export function valuesIn(value: string): readonly string[] | undefined {
  if (!value.includes(',')) return [value]
  const values = [value, ...value.split(',', MAX_VALUES + 1).map((each) => each.trim())]
  return values.length > MAX_VALUES ? undefined : values
}
