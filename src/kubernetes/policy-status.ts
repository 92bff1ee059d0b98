import type { Policy } from '../access/policy.ts'
import type { Service } from '../access/service.ts'
import { standingOf, surroundingsIn } from '../access/standing.ts'
import { readResource } from '../resources/resource.ts'
import type { ReadSettings } from '../resources/settings.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import { isSaidIn, type Said, saidBy, timed } from './conditions.ts'
import { type Fields, isFields } from './fields.ts'
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
    if (!parts.synced()) return { afterMs: periods.settleMs }
    const { stale, afterMs } = lookAt(policies, parts, periods.againMs)
    for (const { held, conditions } of stale.slice(0, BATCH)) {
      held.words = JSON.stringify(conditions)
      held.writtenAt = performance.now()
      const problem = await apply(parts.api, held, conditions, stop.signal)
      if (problem !== undefined) {
        held.words = ''
        return { afterMs: 0, restMs: rest(problem) }
      }
      failures = 0
    }
    return {
      afterMs: stale.length > BATCH ? 0 : afterMs,
      restMs: stale.length > 0 ? periods.gapMs : 0,
    }
  })
  const touch = () => turns.plan(periods.settleMs * (1 + Math.random()))

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
    remove: (key) => void policies.delete(key),
    touch,
    close: () => {
      stop.abort()
      turns.close()
    },
  }
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
  const stale: { readonly held: Held; readonly conditions: readonly Said[] }[] = []
  let afterMs: number | undefined
  for (const held of policies.values()) {
    const { policy, content, fault } = held
    const conditions = saidBy(standingOf(policy, around(policy.namespace), fault), content)
    if (isSaidIn(content, conditions)) continue
    const again = JSON.stringify(conditions) === held.words
    const left = again ? held.writtenAt + againMs - performance.now() : 0
    if (left <= 0) stale.push({ held, conditions })
    else afterMs = Math.min(afterMs ?? left, left)
  }
  return { stale, afterMs }
}

const API_VERSION = 'kserve-authz.io/v1alpha1'
const KIND = 'AccessPolicy'

function readPolicy(content: Fields, settings: ReadSettings) {
  const object = { ...content, apiVersion: API_VERSION, kind: KIND }
  const { resource, problems } = readResource(object, settings)
  if (resource.kind !== 'policy') return undefined
  const fault = problems.find(({ reason }) => reason === 'PolicyInvalid')?.message
  return { content, policy: resource.policy, fault }
}

const CALL_MS = 5_000

/** Server-side apply of the conditions alone. Why it failed; `undefined`: it did not. */
async function apply(
  api: Pick<ApiServer, 'send'>,
  { content, policy: { namespace, name } }: Held,
  conditions: readonly Said[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { uid } = isFields(content.metadata) ? content.metadata : {}
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/accesspolicies/${name}/status`
  try {
    await api.send({
      method: 'PATCH',
      path: `${path}?fieldManager=kserve-authz&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: API_VERSION,
        kind: KIND,
        // Of the very object that was read, not of one that has got its name since.
        metadata: { namespace, name, uid },
        status: { conditions: timed(content, conditions, new Date()) },
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    })
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError)) return 'the API server cannot be reached'
    // Gone, or another one: the watch will say so.
    if (error.status === 404 || error.status === 409) return undefined
    return error.status === 403
      ? 'missing permission: patch accesspolicies/status.kserve-authz.io'
      : error.message
  }
}
