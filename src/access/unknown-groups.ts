// Whether a caller is denied only because its token leaves out groups.

import type { NamedTerms } from './accepted-credentials.ts'
import type { Caller } from './caller.ts'
import { asSeenByDeny, matchRule, mayMatchRule, type Operation, type Rule } from './rule.ts'

/**
 * Whether rules deny a caller only because its token leaves out groups: it may be in a group of a deny rule,
 * or in one that every denying policy would allow.
 */
export function isForGroups(
  terms: readonly NamedTerms[],
  caller: Caller,
  operation: Operation,
  verdict: 'denied' | 'refused',
): boolean {
  if (caller.moreGroups !== true) return false
  const { moreGroups: _, ...complete } = caller
  if (verdict === 'denied') {
    const seen = asSeenByDeny(complete, operation)
    return !terms.some(({ deny }) => deny.some((rule) => mayMatchRule(rule, ...seen)))
  }
  const isOpen = (rule: Rule) =>
    mayMatchRule(rule, caller, operation) && !mayMatchRule(rule, complete, operation)
  return terms
    .filter(({ allow }) => !(allow?.some((rule) => matchRule(rule, caller, operation)) ?? true))
    .every(({ allow = [] }) => allow.some(isOpen))
}
