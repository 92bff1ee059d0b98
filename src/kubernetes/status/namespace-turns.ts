// Evaluates the policies of namespaces in turns.

import { namespacePoliciesOf } from '../../access/namespace-policies.ts'
import { policyStatusOf } from '../../access/policy-status.ts'
import type { Service } from '../../access/service.ts'
import { inSlices, type Work } from '../../common/slices.ts'
import { conditionsOf, hasConditions, type StatusCondition } from './conditions.ts'
import type { HeldPolicy } from './held-policy.ts'

type AreaParts = {
  readonly servicesIn: (namespace: string) => readonly Service[]
  /** Wait before conditions are written again that somebody else has changed, in milliseconds. */
  readonly againMs: number
  /** Called between two slices of an evaluation. */
  readonly turn: () => Promise<unknown>
}

/** The policies of one namespace. Times are `performance.now()`. */
type Area = {
  readonly policies: Map<string, HeldPolicy>
  /** When they are evaluated next. */
  dueAt: number
  /** The earliest time for that. */
  restUntil: number
}

export type StaleStatus = {
  readonly key: string
  readonly held: HeldPolicy
  readonly conditions: readonly StatusCondition[]
}

export type NamespaceTurns = {
  readonly get: (key: string) => HeldPolicy | undefined
  readonly put: (key: string, held: HeldPolicy) => void
  readonly remove: (key: string) => void
  /** Moves a policy to the end, so that the others of its namespace do not wait for one that is refused repeatedly. */
  readonly putLast: (key: string, held: HeldPolicy) => void
  /** Plans an evaluation of a namespace in `ms`, unless it has no policies. */
  readonly plan: (namespace: string, ms: number) => void
  /** Evaluates each namespace that is due, once. */
  readonly look: () => Promise<void>
  /** The next policy with outdated conditions; namespaces take turns. */
  readonly next: () => StaleStatus | undefined
  /** Milliseconds until the next evaluation or write. */
  readonly waitMs: () => number | undefined
}

/** An evaluation takes at most one percent of the time, so that a busy namespace does not delay others. */
const REST_MS_PER_UNIT = 0.01
/** Includes building and comparing its text. */
const UNITS_OF_POLICY_STATUS = 10

/** Evaluates policies per namespace: a change in one namespace does not cause work for another. */
export function createNamespaceTurns({ servicesIn, againMs, turn }: AreaParts): NamespaceTurns {
  const areas = new Map<string, Area>()
  /** Policies to write, by namespace, in order of turns. */
  const lines = new Map<string, string[]>()

  const areaOf = (key: string) => areas.get(namespaceOf(key))

  function* examine(namespace: string, area: Area): Work<void> {
    const policies = [...area.policies]
    const all = policies.map(([, { policy }]) => policy)
    const around = yield* namespacePoliciesOf(servicesIn(namespace), all)
    const line: string[] = []
    for (const [key, held] of policies) {
      held.conditions = conditionsOf(policyStatusOf(held.policy, around, held.fault), held.content)
      const leftMs = untilWritten(held, againMs)
      if (leftMs <= 0) line.push(key)
      else area.dueAt = Math.min(area.dueAt, performance.now() + leftMs)
      yield UNITS_OF_POLICY_STATUS + (held.policy.targets?.length ?? 0)
    }
    if (line.length > 0) lines.set(namespace, line)
    else lines.delete(namespace)
    const units = around.units + UNITS_OF_POLICY_STATUS * policies.length
    area.restUntil = performance.now() + units * REST_MS_PER_UNIT
    area.dueAt = Math.max(area.dueAt, area.restUntil)
  }

  async function lookAt(namespace: string, area: Area) {
    area.dueAt = Number.POSITIVE_INFINITY
    try {
      await inSlices(examine(namespace, area), turn)
    } catch (bug) {
      area.dueAt = performance.now()
      throw bug
    }
  }

  return {
    get: (key) => areaOf(key)?.policies.get(key),
    put: (key, held) => {
      const area = areaOf(key) ?? {
        policies: new Map(),
        dueAt: Number.POSITIVE_INFINITY,
        restUntil: 0,
      }
      areas.set(namespaceOf(key), area)
      area.policies.set(key, held)
    },
    remove: (key) => {
      const area = areaOf(key)
      area?.policies.delete(key)
      if (area?.policies.size !== 0) return
      areas.delete(namespaceOf(key))
      lines.delete(namespaceOf(key))
    },
    putLast: (key, held) => {
      const policies = areaOf(key)?.policies
      policies?.delete(key)
      policies?.set(key, held)
    },
    plan: (namespace, ms) => {
      const area = areas.get(namespace)
      if (area === undefined) return
      area.dueAt = Math.min(area.dueAt, Math.max(performance.now() + ms, area.restUntil))
    },
    look: async () => {
      const now = performance.now()
      for (const [namespace, area] of Array.from(areas))
        if (area.dueAt <= now) await lookAt(namespace, area)
    },
    next: () => {
      for (const [namespace, line] of lines) {
        const key = line.shift() ?? ''
        lines.delete(namespace)
        if (line.length > 0) lines.set(namespace, line)
        const held = areas.get(namespace)?.policies.get(key)
        const conditions = held?.conditions
        if (held !== undefined && conditions !== undefined && untilWritten(held, againMs) <= 0)
          return { key, held, conditions }
      }
      return undefined
    },
    waitMs: () => {
      if (lines.size > 0) return 0
      let first = Number.POSITIVE_INFINITY
      for (const { dueAt } of areas.values()) first = Math.min(first, dueAt)
      return first === Number.POSITIVE_INFINITY ? undefined : Math.max(0, first - performance.now())
    },
  }
}

export const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

/** Milliseconds until its status is written; infinite if it is up to date. */
export function untilWritten(
  { content, conditions, words, writtenAt }: HeldPolicy,
  againMs: number,
) {
  if (conditions === undefined || hasConditions(content, conditions))
    return Number.POSITIVE_INFINITY
  return JSON.stringify(conditions) === words ? writtenAt + againMs - performance.now() : 0
}
