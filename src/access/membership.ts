// Fast search in long lists, such as the groups of a caller.

/** From this length on, a list is searched as a set. */
const LONG = 16
export const MAX_SETS = 16

/** The lists used last: all rules of a service look at the same caller's. */
const sets = new Map<readonly unknown[], ReadonlySet<unknown>>()

/** Whether a list has one of the texts; fast for long lists, too. */
export function holdsOneOf(list: readonly unknown[], texts: readonly string[]): boolean {
  if (list.length < LONG) return texts.some((text) => list.includes(text))
  const known = setOf(list)
  return texts.some((text) => known.has(text))
}

function setOf(list: readonly unknown[]): ReadonlySet<unknown> {
  const known = sets.get(list)
  if (known !== undefined) return known
  const made = new Set(list)
  if (sets.size >= MAX_SETS) sets.clear()
  sets.set(list, made)
  return made
}
