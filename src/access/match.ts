// Three-valued matching: yes, no or unknown.

/** Whether a rule, or a part of it, matches. `unknown`: the facts do not decide it. */
export type Match = 'yes' | 'no' | 'unknown'

export const matchOf = (holds: boolean): Match => (holds ? 'yes' : 'no')

/** Whether one of several matches (Kleene's or). */
export function anyOf<T>(entries: readonly T[], match: (entry: T) => Match): Match {
  let found: Match = 'no'
  for (const entry of entries) {
    const each = match(entry)
    if (each === 'yes') return 'yes'
    if (each === 'unknown') found = 'unknown'
  }
  return found
}
