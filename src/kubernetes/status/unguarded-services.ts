// Finds protected services that no proxy asks about, and tells their owners.

import { setImmediate } from 'node:timers/promises'
import { idOf, type Service, type ServiceId } from '../../access/service.ts'
import { inSlices, type Work } from '../../common/slices.ts'
import {
  type GuardPolicies,
  type GuardVerdict,
  guardOf,
  UNGUARDED_REASONS,
  type UnguardedReason,
} from '../../resources/guard.ts'
import { displayNameOf, type Fields } from '../../resources/object.ts'
import type { Problem } from '../../resources/problem.ts'
import type { GuardFacts } from './guard-facts.ts'
import { createScheduler } from './scheduler.ts'

type UnguardedParts = {
  readonly facts: GuardFacts
  readonly servicesIn: (namespace: string) => readonly Service[]
  /** Whether a service needs a check, by its declaration and policies. */
  readonly isProtected: (service: Service) => boolean
  /** Nothing is judged before everything has been read. */
  readonly synced: () => boolean
  /** Called once for each service, until it is guarded again or its reason changes. */
  readonly report: (problem: Problem, object: Fields) => void
  /** Called after a bug. */
  readonly failed: (error: unknown) => void
  readonly settleMs?: number
  readonly turn?: () => Promise<unknown>
}

/** The numbers of protected services that no proxy asks about, by reason; `unknown`: it cannot be told. */
export type UnguardedCounts = {
  readonly unguarded: ReadonlyMap<UnguardedReason, number>
  readonly unknown: number
}

export type UnguardedServices = {
  readonly counts: () => UnguardedCounts
  /** Something of the namespace was added, changed or removed. */
  readonly touch: (namespace: string) => void
  /** A policy was added, changed or removed that may select objects of every namespace. */
  readonly touchAll: () => void
  readonly close: () => void
}

/** From a change to the next judgement: objects that are applied together arrive one by one. */
export const SETTLE_MS = 5_000
/** Judging takes at most five percent of the time. */
const REST = 20

/** What happens, for the owner. */
const MESSAGES: Readonly<Record<UnguardedReason, string>> = {
  'shared-pods': 'it is protected, but requests are not checked: its pods serve other models, too',
  'pod-not-selected':
    'it is protected, but requests are not checked: no AuthorizationPolicy of kserve-authz selects its pod',
  'gateway-not-guarded':
    'it is protected, but requests are not checked: its pods have no sidecar, and no policy of kserve-authz is at its Gateway',
  'check-replaced':
    'it is protected, but requests are not checked: another policy at its route replaces that of the Gateway',
}

/** Judges the services of a namespace again after each change there, in slices of the event loop. */
export function createUnguardedServices(parts: UnguardedParts): UnguardedServices {
  const {
    facts,
    servicesIn,
    isProtected,
    settleMs = SETTLE_MS,
    turn = () => setImmediate(),
  } = parts
  const due = new Set<string>()
  /** By namespace and service: those that are not guarded. */
  const judged = new Map<string, ReadonlyMap<ServiceId, GuardVerdict>>()
  /** By namespace and service: the reasons that owners know. */
  const told = new Map<string, ReadonlyMap<ServiceId, UnguardedReason>>()

  const turns = createScheduler(async () => {
    if (!parts.synced()) return { afterMs: settleMs }
    const begun = performance.now()
    const now = [...due]
    due.clear()
    try {
      await inSlices(judge(now), turn)
    } catch (bug) {
      parts.failed(bug)
    }
    const restMs = Math.max(settleMs, REST * (performance.now() - begun))
    return { afterMs: due.size > 0 ? restMs : undefined, restMs }
  })

  function* judge(namespaces: readonly string[]): Work<void> {
    for (const namespace of namespaces) {
      const before = told.get(namespace)
      const found = new Map<ServiceId, GuardVerdict>()
      const known = new Map<ServiceId, UnguardedReason>()
      for (const service of servicesIn(namespace)) {
        const id = idOf(service)
        const [guarded, policies] = facts.about(service)
        const { pods, routes } = guarded
        yield unitsOf(pods.length + routes.length, policies)
        const guard = isProtected(service) ? guardOf(guarded, policies) : GUARDED
        if (guard.state !== 'guarded') found.set(id, guard)
        const last = before?.get(id)
        if (guard.state === 'unguarded') {
          known.set(id, guard.reason)
          if (guard.reason !== last) tell(service, guard)
        } else if (last !== undefined && (guard.state === 'unknown' || pods.length === 0)) {
          // It may have been scaled to zero: it is not told again afterwards.
          known.set(id, last)
        }
      }
      if (found.size > 0) judged.set(namespace, found)
      else judged.delete(namespace)
      if (known.size > 0) told.set(namespace, known)
      else told.delete(namespace)
    }
  }

  function tell(service: Service, { reason, at }: Extract<GuardVerdict, { state: 'unguarded' }>) {
    const where = at === '' ? '' : ` (${at})`
    const problem = { object: displayNameOf(service), reason: 'Unguarded' }
    parts.report({ ...problem, message: `${MESSAGES[reason]}${where}` }, facts.objectOf(service))
  }

  return {
    counts: () => {
      const unguarded = new Map(UNGUARDED_REASONS.map((reason) => [reason, 0]))
      let unknown = 0
      for (const guards of judged.values()) {
        for (const guard of guards.values()) {
          if (guard.state === 'unguarded')
            unguarded.set(guard.reason, (unguarded.get(guard.reason) ?? 0) + 1)
          else unknown += 1
        }
      }
      return { unguarded, unknown }
    },
    touch: (namespace) => {
      due.add(namespace)
      turns.plan(settleMs)
    },
    touchAll: () => {
      for (const namespace of facts.namespaces()) due.add(namespace)
      turns.plan(settleMs)
    },
    close: () => turns.close(),
  }
}

const GUARDED: GuardVerdict = { state: 'guarded' }

/** Of a service. */
const UNITS = 20

const unitsOf = (objects: number, { custom = [], security = [] }: GuardPolicies): number =>
  UNITS + objects * (1 + custom.length + security.length)
