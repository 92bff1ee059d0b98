import type { Policy } from '../access/policy.ts'
import type { Service } from '../access/service.ts'
import { standingOf, surroundingsIn } from '../access/standing.ts'
import { readResource } from '../resources/resource.ts'
import type { ReadSettings } from '../resources/settings.ts'
import type { ApiServer } from './api-server.ts'
import { API_VERSION, applyStatus, KIND } from './apply-status.ts'
import { isSaidIn, type Said, saidBy } from './conditions.ts'
import type { Fields } from './fields.ts'
import type { Follower } from './follow.ts'
import { createTurns } from './turns.ts'
import type { Listed } from './watch-event.ts'

/** All in milliseconds. */
type StatusPeriods = {
  /** From a change to the look at all policies; up to twice as long, so that replicas take turns. */
  readonly settleMs: number
  /** After some writes. */
  readonly gapMs: number
  /** Until the same words are written again where somebody has written others. */
  readonly againMs: number
  /** After a failure, and after many. */
  readonly firstRestMs: number
  readonly longestRestMs: number
}

const STATUS_PERIODS: StatusPeriods = {
  settleMs: 250,
  gapMs: 1_000,
  againMs: 30_000,
  firstRestMs: 1_000,
  longestRestMs: 60_000,
}

type PolicyStatusParts = {
  readonly api: Pick<ApiServer, 'send'>
  readonly settings: ReadSettings
  readonly services: () => Iterable<Service>
  /** Before everything is known nothing is said. */
  readonly synced: () => boolean
  /** Told of each failure: a fixed sentence. */
  readonly failed: (problem: string) => void
  readonly periods?: Partial<StatusPeriods>
}

export type PolicyStatuses = Pick<Follower, 'put' | 'remove'> & {
  /** A service has come, gone or changed. */
  readonly touch: () => void
  readonly close: () => void
}

/** Writes without a gap. */
const BATCH = 20

type Held = {
  readonly content: Fields
  readonly policy: Policy
  /** Why it cannot be read. */
  readonly fault: string | undefined
  /** The last that was written, and when. */
  words: string
  writtenAt: number
}

/**
 * Keeps the conditions of AccessPolicies. Every replica applies the same words under the same name, and
 * nothing where they stand already: so none of them leads, and none fights.
 */
export function createPolicyStatuses(parts: PolicyStatusParts): PolicyStatuses {
  const periods = { ...STATUS_PERIODS, ...parts.periods }
  const stop = new AbortController()
  const policies = new Map<string, Held>()
  let failures = 0

  const turns = createTurns(async () => {
    try {
      return await look()
    } catch {
      return { afterMs: 0, restMs: rest('a bug broke off the look at all policies') }
    }
  })
  const touch = () => turns.plan(periods.settleMs * (1 + Math.random()))

  async function look() {
    if (!parts.synced()) return { afterMs: periods.settleMs }
    const { stale, afterMs } = lookAt(policies, parts, periods.againMs)
    for (const { key, held, conditions } of stale.slice(0, BATCH)) {
      held.words = JSON.stringify(conditions)
      held.writtenAt = performance.now()
      const problem = await applyStatus(parts.api, held, conditions, stop.signal)
      if (problem !== undefined) {
        held.words = ''
        if (policies.get(key) === held) putLast(key, held)
        return { afterMs: 0, restMs: rest(problem) }
      }
      failures = 0
    }
    return {
      afterMs: stale.length > BATCH ? 0 : afterMs,
      restMs: stale.length > 0 ? periods.gapMs : 0,
    }
  }

  /** So that the others do not wait for one that is refused again and again. */
  function putLast(key: string, held: Held) {
    policies.delete(key)
    policies.set(key, held)
  }

  function rest(problem: string): number {
    parts.failed(problem)
    failures += 1
    const restMs = Math.min(periods.longestRestMs, periods.firstRestMs * 2 ** (failures - 1))
    return restMs * (0.5 + Math.random() / 2)
  }

  return {
    put: ({ key, content }: Listed) => {
      const read = readPolicy(content, parts.settings)
      const { words = '', writtenAt = 0 } = policies.get(key) ?? {}
      if (read === undefined) policies.delete(key)
      else policies.set(key, { ...read, words, writtenAt })
      touch()
    },
    remove: (key) => {
      policies.delete(key)
      // What is said of others may depend on it.
      touch()
    },
    touch,
    close: () => {
      stop.abort()
      turns.close()
    },
  }
}

type Stale = {
  readonly key: string
  readonly held: Held
  readonly conditions: readonly Said[]
}

/** The policies whose status says something else, and how long until others may be written again. */
function lookAt(
  policies: ReadonlyMap<string, Held>,
  { services }: PolicyStatusParts,
  againMs: number,
) {
  const around = surroundingsIn(
    services(),
    [...policies.values()].map(({ policy }) => policy),
  )
  const stale: Stale[] = []
  let afterMs: number | undefined
  for (const [key, held] of policies) {
    const { policy, content, fault } = held
    const conditions = saidBy(standingOf(policy, around(policy.namespace), fault), content)
    if (isSaidIn(content, conditions)) continue
    const again = JSON.stringify(conditions) === held.words
    const left = again ? held.writtenAt + againMs - performance.now() : 0
    if (left <= 0) stale.push({ key, held, conditions })
    else afterMs = Math.min(afterMs ?? left, left)
  }
  return { stale, afterMs }
}

function readPolicy(content: Fields, settings: ReadSettings) {
  const object = { ...content, apiVersion: API_VERSION, kind: KIND }
  const { resource, problems } = readResource(object, settings)
  if (resource.kind !== 'policy') return undefined
  const fault = problems.find(({ reason }) => reason === 'PolicyInvalid')?.message
  return { content, policy: resource.policy, fault }
}
