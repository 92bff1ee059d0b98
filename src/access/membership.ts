/** From this length on a list is looked up as a set. */
const LONG = 16
export const MAX_SETS = 16

/** Of the lists that were asked last: all rules of a service ask those of one caller. */
const sets = new Map<readonly unknown[], ReadonlySet<unknown>>()

/** Whether a list holds one of the texts; quick however long both are. */
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
