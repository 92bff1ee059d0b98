// Tries the allow rule first that allowed the same caller before.

import { createRecent, type RecentBounds } from '../common/recent.ts'
import type { Caller } from './caller.ts'
import { matchRule, type Operation, type Rule } from './rule.ts'

/** Callers of policies whose last rule is kept. `bytes` counts their names. */
export const RULE_HINTS = {
  entries: 16_384,
  bytes: 4 * 1024 * 1024,
} as const satisfies RecentBounds

/** Below this number of rules, trying all of them is as fast. */
const MIN_RULES = 4
const BYTES_PER_CHARACTER = 2

const places = createRecent<string, number>(RULE_HINTS)

/**
 * Whether a rule of a policy matches. The order of allow rules does not matter, so a caller's rule is found at
 * once in a long list. What is kept decides nothing: the rule is matched each time.
 */
export function matchesOneOf(
  rules: readonly Rule[],
  policy: string,
  caller: Caller,
  operation: Operation,
): boolean {
  if (rules.length < MIN_RULES) return rules.some((rule) => matchRule(rule, caller, operation))
  const key = `${policy} ${caller.reference}`
  const hint = rules[places.get(key) ?? -1]
  if (hint !== undefined && matchRule(hint, caller, operation)) return true
  const place = rules.findIndex((rule) => matchRule(rule, caller, operation))
  if (place >= 0) places.set(key, place, BYTES_PER_CHARACTER * key.length)
  return place >= 0
}
