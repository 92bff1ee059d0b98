// The weight of policies, and its limits.

import type { AcceptedCredentials, Policy, PolicyTerms } from './policy.ts'
import { type Rule, weightOfRule } from './rule.ts'
import { lookUpsFor } from './rule-parts.ts'

/** Entries of one policy. */
export const MAX_POLICY_WEIGHT = 4_096
/** Limits for all policies of one service, and of one namespace. */
export const MAX_SERVICE_WEIGHT = 8_192
export const MAX_NAMESPACE_WEIGHT = 65_536

/** Weight of a policy without entries: at most 512 policies apply to one service. */
const BASE_WEIGHT = 16
/** Each list of audiences needs a look-up of its own. */
const AUDIENCES_WEIGHT = 512
/** A text counts once more per this many characters. */
const TEXT_LENGTH = 128

const weights = new WeakMap<Policy, number>()

/** The cost of evaluating a policy, and of keeping it. */
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

/** Whether evaluating all of these would delay other requests. */
export const areTooMuch = (policies: readonly Policy[]): boolean =>
  sumOf(policies, weightOf) > MAX_SERVICE_WEIGHT

/** The entries of all parts of a policy. */
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

/** The extra weight of long texts. */
const excessOfRule = ({ from = [], to = [] }: Rule): number =>
  sumOf([...from, ...to], (entry) => sumOf(Object.values(entry), excessOfPart))

/** For a list, or a map to texts or to lists of texts. */
const excessOfPart = (
  part: Iterable<string | readonly [string, string | readonly string[]]>,
): number => sumOf([...part].flat(2), excessOfText)

const entriesOfTexts = (texts: readonly string[] | undefined): number =>
  texts === undefined ? 0 : sumOf(texts, entriesOfText)

const entriesOfText = (text: string): number => 1 + excessOfText(text)

const excessOfText = (text: string): number => Math.floor(text.length / TEXT_LENGTH)

const sumOf = <T>(entries: readonly T[], weigh: (entry: T) => number): number =>
  entries.reduce((sum, entry) => sum + weigh(entry), 0)
