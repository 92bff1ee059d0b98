// Keeps the status of AccessPolicies up to date.

import { setImmediate } from 'node:timers/promises'
import type { Service } from '../../access/service.ts'
import { backoffMs, jittered } from '../../common/backoff.ts'
import type { ReadSettings } from '../../resources/read-settings.ts'
import type { ApiServer } from '../client/api-server.ts'
import type { ReflectorStore } from '../watch/reflector.ts'
import type { Listed } from '../watch/watch-event.ts'
import { applyStatus } from './apply-status.ts'
import { holdPolicy, isSamePolicy, neededOf } from './held-policy.ts'
import {
  createNamespaceTurns,
  namespaceOf,
  type StaleStatus,
  untilWritten,
} from './namespace-turns.ts'
import { createScheduler } from './scheduler.ts'

/** All in milliseconds. */
type StatusPeriods = {
  /** From a change to the evaluation of its namespace; up to twice as long, so that replicas take turns. */
  readonly settleMs: number
  /** Pause after a batch of writes. */
  readonly gapMs: number
  /** Wait before conditions are written again that somebody else has changed. */
  readonly againMs: number
  /** Pause after a failure, and the longest one. */
  readonly firstRestMs: number
  readonly longestRestMs: number
}

export const STATUS_PERIODS: StatusPeriods = {
  settleMs: 250,
  gapMs: 1_000,
  againMs: 30_000,
  firstRestMs: 1_000,
  longestRestMs: 60_000,
}

type PolicyStatusParts = {
  readonly api: Pick<ApiServer, 'send'>
  readonly settings: ReadSettings
  readonly servicesIn: (namespace: string) => readonly Service[]
  /** No status is written before everything has been read. */
  readonly synced: () => boolean
  /** Called for each failure, with a fixed sentence. */
  readonly failed: (problem: string) => void
  readonly periods?: Partial<StatusPeriods>
  /** Called between two slices of an evaluation. */
  readonly turn?: () => Promise<unknown>
}

export type PolicyStatusWriter = Pick<ReflectorStore, 'put' | 'remove'> & {
  /** A service of the namespace was added, changed or removed. */
  readonly touch: (namespace: string) => void
  readonly close: () => void
}

/** Writes between two pauses. */
export const BATCH = 20

/**
 * Keeps the conditions of AccessPolicies up to date. All replicas compute the same conditions and apply them
 * with the same field manager, and only if they differ. So no leader is needed. Namespaces take turns.
 */
export function createPolicyStatusWriter(parts: PolicyStatusParts): PolicyStatusWriter {
  const { servicesIn, turn = () => setImmediate() } = parts
  const periods = { ...STATUS_PERIODS, ...parts.periods }
  const stop = new AbortController()
  const areas = createNamespaceTurns({ servicesIn, againMs: periods.againMs, turn })
  let failures = 0

  const turns = createScheduler(async () => {
    try {
      return await look()
    } catch {
      return { afterMs: 0, restMs: rest('bug: the status of policies could not be computed') }
    }
  })
  const plan = (namespace: string, ms: number) => {
    areas.plan(namespace, ms)
    const waitMs = areas.waitMs()
    if (waitMs !== undefined) turns.plan(waitMs)
  }
  const touch = (namespace: string) => plan(namespace, periods.settleMs * (1 + Math.random()))

  async function look() {
    if (!parts.synced()) return { afterMs: periods.settleMs }
    await areas.look()
    let written = 0
    for (let next = areas.next(); next !== undefined; next = areas.next()) {
      const problem = await write(next)
      if (problem !== undefined) return { afterMs: 0, restMs: rest(problem) }
      written += 1
      if (written === BATCH) break
    }
    return { afterMs: areas.waitMs(), restMs: written > 0 ? periods.gapMs : 0 }
  }

  /** Resolves to a problem of the API server or of permissions; `undefined`: none. */
  async function write({ key, held, conditions }: StaleStatus): Promise<string | undefined> {
    held.words = JSON.stringify(conditions)
    held.writtenAt = performance.now()
    const failure = await applyStatus(parts.api, held, conditions, stop.signal)
    if (failure === undefined) {
      failures = 0
      return undefined
    }
    if (failure.isOwn) {
      // Other policies do not wait for one whose status cannot be written.
      parts.failed(failure.problem)
      plan(namespaceOf(key), periods.againMs)
      return undefined
    }
    held.words = ''
    if (areas.get(key) === held) areas.putLast(key, held)
    plan(namespaceOf(key), 0)
    return failure.problem
  }

  function rest(problem: string): number {
    parts.failed(problem)
    failures += 1
    return jittered(backoffMs(failures, periods.firstRestMs, periods.longestRestMs))
  }

  return {
    put: ({ key, content }: Listed) => {
      const before = areas.get(key)
      if (before !== undefined && isSamePolicy(content, before)) {
        before.content = neededOf(content)
        const leftMs = untilWritten(before, periods.againMs)
        if (leftMs < Number.POSITIVE_INFINITY) plan(namespaceOf(key), leftMs)
        return
      }
      const held = holdPolicy(content, parts.settings, before)
      if (held === undefined) areas.remove(key)
      else areas.put(key, held)
      touch(namespaceOf(key))
    },
    remove: (key) => {
      areas.remove(key)
      // The status of other policies may depend on it.
      touch(namespaceOf(key))
    },
    touch,
    close: () => {
      stop.abort()
      turns.close()
    },
  }
}
