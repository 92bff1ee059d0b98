import type { AcceptedCredentials, Policy, PolicyTerms } from './policy.ts'
import { type Rule, weightOfRule } from './rule.ts'
import { lookUpsFor } from './rule-parts.ts'

/** Entries of one policy. */
export const MAX_POLICY_WEIGHT = 4_096
/** Weights of all policies of one service, and of all policies of one namespace. */
export const MAX_SERVICE_WEIGHT = 8_192
export const MAX_NAMESPACE_WEIGHT = 65_536

/** Of a policy without entries: at most 512 policies count for one service. */
const BASE_WEIGHT = 16
/** A token must be good for each list of audiences, with a look-up for each. */
const AUDIENCES_WEIGHT = 512
/** A longer text counts once more for each of these characters. */
const TEXT_LENGTH = 128

const weights = new WeakMap<Policy, number>()

/** What a policy costs whoever judges by it, or keeps it. */
export function weightOf(policy: Policy): number {
  const known = weights.get(policy)
  if (known !== undefined) return known
  const { targets = [], terms } = policy
  const lists = terms?.accepted?.kubernetes?.audiences === undefined ? 0 : AUDIENCES_WEIGHT
  const entries = terms === undefined ? 0 : entriesOf(terms)
  const weight = BASE_WEIGHT + targets.length + lists + entries
  weights.set(policy, weight)
  return weight
}

/** Whether judging by all of these would keep others waiting. */
export const areTooMuch = (policies: readonly Policy[]): boolean =>
  sumOf(policies, weightOf) > MAX_SERVICE_WEIGHT

/** The entries of every part of a policy. */
export const entriesOf = ({ accepted, deny, allow = [], exclusions, headers }: PolicyTerms) =>
  sumOf(deny, entriesOfRule) +
  sumOf(allow, entriesOfRule) +
  sumOf(exclusions, ({ path, methods }) => entriesOfText(path) + methods.length) +
  sumOf(Object.values(headers), (claim) => 1 + lookUpsFor(claim) + excessOfText(claim)) +
  (accepted === undefined ? 0 : entriesOfAccepted(accepted))

const entriesOfAccepted = ({ kubernetes, apiKeys, jwt }: AcceptedCredentials): number =>
  entriesOfTexts(kubernetes?.audiences) +
  (apiKeys?.labels.size ?? 0) +
  sumOf(jwt, ({ audiences }) => 1 + entriesOfTexts(audiences))

const entriesOfRule = (rule: Rule): number => weightOfRule(rule) + excessOfRule(rule)

/** Of texts that are longer than usual. */
const excessOfRule = ({ from = [], to = [] }: Rule): number =>
  sumOf([...from, ...to], (entry) => sumOf(Object.values(entry), excessOfPart))

/** Of a list, or of a map to texts or to lists of them. */
const excessOfPart = (
  part: Iterable<string | readonly [string, string | readonly string[]]>,
): number => sumOf([...part].flat(2), excessOfText)

const entriesOfTexts = (texts: readonly string[] | undefined): number =>
  texts === undefined ? 0 : sumOf(texts, entriesOfText)

const entriesOfText = (text: string): number => 1 + excessOfText(text)

const excessOfText = (text: string): number => Math.floor(text.length / TEXT_LENGTH)

const sumOf = <T>(entries: readonly T[], weigh: (entry: T) => number): number =>
  entries.reduce((sum, entry) => sum + weigh(entry), 0)
