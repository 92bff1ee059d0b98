// A policy with what its status needs.

import type { Policy } from '../../access/policy.ts'
import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'
import type { ReadSettings } from '../../resources/read-settings.ts'
import { readResource } from '../../resources/resource.ts'
import { API_VERSION, KIND } from './apply-status.ts'
import { CONDITION_TYPES, MAX_CONDITION_MESSAGE, type StatusCondition } from './conditions.ts'

/** A policy with what its status needs. */
export type HeldPolicy = {
  readonly policy: Policy
  /** Why it cannot be read. */
  readonly fault: string | undefined
  /** The fields of the object that the status needs. */
  content: Fields
  /** The desired conditions; `undefined`: not computed yet. */
  conditions: readonly StatusCondition[] | undefined
  /** The conditions last written, and when. */
  words: string
  writtenAt: number
}

/** `undefined`: the object is not a policy. */
export function holdPolicy(
  content: Fields,
  settings: ReadSettings,
  before: HeldPolicy | undefined,
): HeldPolicy | undefined {
  const { words = '', writtenAt = 0 } = before ?? {}
  const object = { ...content, apiVersion: API_VERSION, kind: KIND }
  const { resource, problems } = readResource(object, settings)
  if (resource.kind !== 'policy') return undefined
  const fault = problems.find(({ reason }) => reason === 'PolicyInvalid')?.message
  const { policy } = resource
  return {
    policy,
    fault,
    content: neededOf(content),
    conditions: undefined,
    words,
    writtenAt,
  }
}

/** Whether only the status of the object has changed, so that the policy is the same. */
export function isSamePolicy(content: Fields, before: HeldPolicy): boolean {
  const [now, then] = [metadataOf(content), metadataOf(before.content)]
  return (
    typeof now.generation === 'number' && now.generation === then.generation && now.uid === then.uid
  )
}

/** Drops the rest, which may be a megabyte. */
export function neededOf(content: Fields): Fields {
  const { uid, generation } = metadataOf(content)
  const conditions: unknown = isRecord(content.status) ? content.status.conditions : undefined
  const list: readonly unknown[] = Array.isArray(conditions) ? conditions : []
  const ours = list.filter(isRecord).filter(({ type }) => CONDITION_TYPES.has(type))
  return {
    metadata: { uid, generation },
    status: { conditions: ours.slice(0, MAX_CONDITIONS).map(shortened) },
  }
}

/** Only the first of a type is used. */
export const MAX_CONDITIONS = 16

const FIELDS = ['type', 'status', 'reason', 'message', 'observedGeneration', 'lastTransitionTime']

/** Drops longer texts: they differ from any that this program writes. */
const shortened = (condition: Fields): Fields =>
  Object.fromEntries(
    FIELDS.map((name) => {
      const value = condition[name]
      const isShort =
        typeof value === 'number' ||
        (typeof value === 'string' && value.length <= MAX_CONDITION_MESSAGE)
      return [name, isShort ? value : undefined]
    }),
  )

const metadataOf = ({ metadata }: Fields): Fields => (isRecord(metadata) ? metadata : {})
