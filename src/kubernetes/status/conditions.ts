// Builds and compares the conditions of a status.

import type { Condition, PolicyStatus } from '../../access/policy-status.ts'
import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'

/** A condition of a status, without its time. */
export type StatusCondition = {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: unknown
}

export const MAX_CONDITION_MESSAGE = 1_024

/** Every condition is written, so that none stays behind from an earlier state. */
export const conditionsOf = (
  { accepted, enforced, resolvedRefs }: PolicyStatus,
  content: Fields,
): readonly StatusCondition[] => [
  statusConditionOf('Accepted', accepted, content),
  statusConditionOf('Enforced', enforced, content),
  statusConditionOf('ResolvedRefs', resolvedRefs, content),
]

const TYPES = ['Accepted', 'Enforced', 'ResolvedRefs'] as const

/** The types of the conditions that are written. */
export const CONDITION_TYPES: ReadonlySet<unknown> = new Set(TYPES)

const statusConditionOf = (
  type: (typeof TYPES)[number],
  { holds, reason, message }: Condition,
  content: Fields,
): StatusCondition => ({
  type,
  status: holds ? 'True' : 'False',
  reason,
  message: message.slice(0, MAX_CONDITION_MESSAGE),
  observedGeneration: isRecord(content.metadata) ? content.metadata.generation : undefined,
})

/** Whether an object's status already has these conditions. */
export const hasConditions = (content: Fields, conditions: readonly StatusCondition[]): boolean =>
  conditions.every((wanted) => {
    const found = conditionOf(content, wanted.type)
    return (
      found !== undefined &&
      found.status === wanted.status &&
      found.reason === wanted.reason &&
      found.message === wanted.message &&
      found.observedGeneration === wanted.observedGeneration
    )
  })

/** Adds the transition time; unchanged if the status is. */
export const withTransitionTimes = (
  content: Fields,
  conditions: readonly StatusCondition[],
  now: Date,
): readonly object[] =>
  conditions.map((condition) => {
    const found = conditionOf(content, condition.type)
    const kept = found?.status === condition.status ? found.lastTransitionTime : undefined
    const lastTransitionTime =
      typeof kept === 'string' ? kept : now.toISOString().replace(/\.\d+Z$/, 'Z')
    return { ...condition, lastTransitionTime }
  })

function conditionOf({ status }: Fields, type: string): Fields | undefined {
  const list: readonly unknown[] =
    isRecord(status) && Array.isArray(status.conditions) ? status.conditions : []
  return list.filter(isRecord).find((condition) => condition.type === type)
}
