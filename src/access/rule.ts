// Matches, explains and weighs the rules of policies.

import type { Caller } from './caller.ts'
import { anyOf, type Match } from './match.ts'
import {
  OPERATION_PARTS,
  type Operation,
  type PartTable,
  type RuleOperationParts,
  type RuleSourceParts,
  SOURCE_PARTS,
} from './rule-parts.ts'

export type { Operation } from './rule-parts.ts'

/** Who may do what. Every part present must match; an empty list matches nothing. */
export type Rule = {
  readonly from: readonly RuleSource[] | undefined
  readonly to: readonly RuleOperation[] | undefined
}

type RuleSource = Partial<RuleSourceParts>
type RuleOperation = Partial<RuleOperationParts>

function judgeRule({ from, to }: Rule, caller: Caller, operation: Operation): Match {
  const source = matchList(SOURCE_PARTS, from, caller)
  if (source === 'no') return 'no'
  const target = matchList(OPERATION_PARTS, to, operation)
  return target === 'yes' ? source : target
}

/** Whether a rule certainly matches, as an allow rule must. */
export const matchRule = (rule: Rule, caller: Caller, operation: Operation): boolean =>
  judgeRule(rule, caller, operation) === 'yes'

/** Whether a deny rule applies: it does unless it certainly does not match. Takes the request `asSeenByDeny`. */
export const mayMatchRule = (rule: Rule, caller: Caller, operation: Operation): boolean =>
  judgeRule(rule, caller, operation) !== 'no'

type Asking = readonly [caller: Caller, operation: Operation]

/**
 * The request as deny rules see it: with the peer of the connection whatever credential is presented, and
 * with the method in upper case, because many servers treat `post` as POST.
 */
export const asSeenByDeny = (caller: Caller, { method, path, peer }: Operation): Asking => [
  peer === undefined || caller.principal !== undefined ? caller : { ...caller, principal: peer },
  { method: method.toUpperCase(), path },
]

/** The result of a rule in words: `yes`, or the parts that decided. */
export function explainRule({ from, to }: Rule, caller: Caller, operation: Operation): string {
  const lists = [
    explainList('from', SOURCE_PARTS, from, caller),
    explainList('to', OPERATION_PARTS, to, operation),
  ]
  for (const [match, words] of [
    ['no', 'no'],
    ['unknown', 'cannot tell'],
  ] as const) {
    const parts = lists.flatMap((list) => (list.match === match ? list.parts : []))
    if (parts.length > 0) return `${words}, by ${parts.join(', ')}`
  }
  return 'yes'
}

type Explained = { readonly match: Match; readonly parts: readonly string[] }

function explainList<Parts, Asked>(
  name: string,
  table: PartTable<Parts, Asked>,
  entries: readonly Partial<Parts>[] | undefined,
  asked: Asked,
): Explained {
  if (entries?.length === 0) return { match: 'no', parts: [`${name}, which is empty`] }
  const match = matchList(table, entries, asked)
  const parts = (entries ?? []).flatMap((entry, index) => {
    const found = matchParts(table, entry, asked)
    return found.match === match && found.part !== undefined
      ? [`${name}[${index}].${found.part}`]
      : []
  })
  return { match, parts }
}

const matchList = <Parts, Asked>(
  table: PartTable<Parts, Asked>,
  entries: readonly Partial<Parts>[] | undefined,
  asked: Asked,
): Match =>
  entries === undefined ? 'yes' : anyOf(entries, (entry) => matchParts(table, entry, asked).match)

/** `part`: the first that does not match, or that cannot be decided. */
function matchParts<Parts, Asked>(
  table: PartTable<Parts, Asked>,
  entry: Partial<Parts>,
  asked: Asked,
): { readonly match: Match; readonly part: string | undefined } {
  let doubtful: string | undefined
  for (const part in table) {
    const wanted = entry[part]
    const match = wanted === undefined ? 'yes' : table[part].match(wanted, asked)
    if (match === 'no') return { match, part }
    if (match === 'unknown') doubtful ??= part
  }
  return { match: doubtful === undefined ? 'yes' : 'unknown', part: doubtful }
}

/** The number of entries of a rule that one request may look at. */
export const weightOfRule = ({ from = [], to = [] }: Rule): number =>
  1 +
  from.reduce((sum, source) => sum + weightOf(SOURCE_PARTS, source), 0) +
  to.reduce((sum, entry) => sum + weightOf(OPERATION_PARTS, entry), 0)

function weightOf<Parts, Asked>(table: PartTable<Parts, Asked>, entry: Partial<Parts>): number {
  let weight = 1
  for (const part in table) {
    const wanted = entry[part]
    if (wanted !== undefined) weight += table[part].weigh(wanted)
  }
  return weight
}

/** Whether a rule matches the path. */
export const namesPaths = ({ from = [], to = [] }: Rule): boolean =>
  from.some((source) => isByPath(SOURCE_PARTS, source)) ||
  to.some((entry) => isByPath(OPERATION_PARTS, entry))

function isByPath<Parts, Asked>(table: PartTable<Parts, Asked>, entry: Partial<Parts>): boolean {
  for (const part in table) {
    if (entry[part] !== undefined && table[part].byPath) return true
  }
  return false
}
