// Explains the result of rules and policies in words, for the command `check`.

import { type NamedTerms, refusalIn } from './accepted-credentials.ts'
import type { Note } from './answer.ts'
import type { Caller } from './caller.ts'
import { ANONYMOUS } from './mesh-peer.ts'
import type { AcceptedCredentials } from './policy.ts'
import {
  asSeenByDeny,
  explainRule,
  matchRule,
  mayMatchRule,
  type Operation,
  type Rule,
} from './rule.ts'

type Terms = readonly NamedTerms[]

/** Notes the result of each rule, then of each policy. */
export function explainRules(terms: Terms, caller: Caller, operation: Operation, note: Note) {
  if (terms.length > 0) note(`operation: ${operation.method} ${operation.path}`)
  const seen = asSeenByDeny(caller, operation)
  for (const { policy, deny, allow } of terms) {
    const tell = (list: string, rules: readonly Rule[], asking: typeof seen) => {
      for (const [index, rule] of rules.entries()) {
        note(`policy ${policy}, ${list}[${index}]: ${explainRule(rule, ...asking)}`)
      }
    }
    tell('deny', deny, seen)
    tell('allow', allow ?? [], [caller, operation])
    const isDenied = deny.some((rule) => mayMatchRule(rule, ...seen))
    const isAllowed = allow?.some((rule) => matchRule(rule, caller, operation))
    note(`policy ${policy}: ${isDenied ? 'denies' : SAYING[`${isAllowed}`]}`)
  }
}

const SAYING = {
  true: 'allows',
  false: 'no allow rule matches, so it denies',
  undefined: "has no allow rules: RBAC or the key's scope decides",
} as const

/** Notes the policies that do not accept a credential. */
export function explainRefusal(terms: Terms, caller: Caller, note: Note) {
  for (const { policy, accepted } of terms) {
    const reason = refusalIn(accepted, caller)
    if (reason !== undefined) note(`policy ${policy}: does not accept this credential, ${reason}`)
  }
}

/** Notes what each policy accepts without a credential. */
export function explainWithout(terms: Terms, peer: Caller | undefined, note: Note) {
  note(`peer: ${peer?.user ?? 'none'}`)
  for (const { policy, accepted } of terms) {
    note(`policy ${policy}: without a credential it accepts ${acceptedBy(accepted)}`)
  }
}

function acceptedBy(accepted: AcceptedCredentials | undefined): string {
  const anonymous = refusalIn(accepted, ANONYMOUS) === undefined
  const parts = [accepted?.mesh === true && 'mesh peers', anonymous && 'anonymous callers']
  return parts.filter((part) => part !== false).join(' and ') || 'nobody'
}
