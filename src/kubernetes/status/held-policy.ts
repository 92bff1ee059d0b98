import type { Policy } from '../../access/policy.ts'
import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'
import type { ReadSettings } from '../../resources/read-settings.ts'
import { readResource } from '../../resources/resource.ts'
import { API_VERSION, KIND } from './apply-status.ts'
import { MAX_CONDITION_MESSAGE, type StatusCondition } from './conditions.ts'

/** A policy as its status is made from it. */
export type HeldPolicy = {
  readonly policy: Policy
  /** Why it cannot be read. */
  readonly fault: string | undefined
  /** Of the object only what the status needs. */
  content: Fields
  /** The conditions that it should have; `undefined`: not known yet. */
  conditions: readonly StatusCondition[] | undefined
  /** The last that was written, and when. */
  words: string
  writtenAt: number
}

/** `undefined`: the object is no policy. */
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

/** Whether only the status of an object has changed: then it is the same policy. */
export function isSamePolicy(content: Fields, before: HeldPolicy): boolean {
  const [now, then] = [metadataOf(content), metadataOf(before.content)]
  return (
    typeof now.generation === 'number' && now.generation === then.generation && now.uid === then.uid
  )
}

const CONDITIONS: ReadonlySet<unknown> = new Set(['Accepted', 'Enforced'])

/** The rest may be a megabyte. */
export function neededOf(content: Fields): Fields {
  const { uid, generation } = metadataOf(content)
  const conditions: unknown = isRecord(content.status) ? content.status.conditions : undefined
  const list: readonly unknown[] = Array.isArray(conditions) ? conditions : []
  const ours = list.filter(isRecord).filter(({ type }) => CONDITIONS.has(type))
  return {
    metadata: { uid, generation },
    status: { conditions: ours.slice(0, MAX_CONDITIONS).map(shortened) },
  }
}

/** The first of a type counts. */
export const MAX_CONDITIONS = 16

const FIELDS = ['type', 'status', 'reason', 'message', 'observedGeneration', 'lastTransitionTime']

/** A text that is longer than any of ours differs from ours, whatever it says. */
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
