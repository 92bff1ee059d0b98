// Reports each change of the protection of a service.

import { setImmediate } from 'node:timers/promises'
import type { Directory } from '../access/directory.ts'
import { describeChange, describeCounts } from '../access/protection-change.ts'
import {
  PROTECTION_STATES,
  type ProtectionState,
  type ProtectionStatus,
  protectionStatusOf,
} from '../access/protection-status.ts'
import { idOf, type ServiceId, type ServiceRef } from '../access/service.ts'
import { inSlices, type Work } from '../common/slices.ts'
import { createScheduler } from '../kubernetes/status/scheduler.ts'
import { displayNameOf } from '../resources/object.ts'
import type { Notice } from '../resources/problem.ts'
import { observedDirectory } from './observed-tables.ts'

/** Called for a change; `before`: `undefined` for a new service. */
export type ObserveProtection = (
  protection: ProtectionState,
  before: ProtectionState | undefined,
) => void

/** From a change until it is looked at, in milliseconds. A service that changes twice in it is looked at once. */
const SETTLE_MS = 1_000
/** Rest as a multiple of the duration of a look. */
const REST = 20
/** Changes of one namespace that one look reports each; the others are counted. */
export const MAX_REPORTED = 16
/** The work for one service, without its policies. */
const UNITS = 20

type Parts = {
  /** Until everything has been read, nothing is a change. */
  readonly synced: () => boolean
  /** `service`: whom it concerns, if its owner should see it. */
  readonly report: (notice: Notice, service?: ServiceRef) => void
  /** Called for each change, reported or counted. */
  readonly observe?: ObserveProtection | undefined
  readonly failed: (bug: unknown) => void
  /** Called between two slices of a look. */
  readonly turn?: () => Promise<unknown>
}

type Change = ReturnType<typeof describeChange> & {
  readonly service: ServiceRef
  readonly protection: ProtectionState
  /** `undefined`: it is new. */
  readonly was: ProtectionState | undefined
}

type ProtectionChanges = {
  /** For the source of services and policies. */
  readonly directory: Directory
  readonly close: () => void
}

/**
 * Follows the protection of all services. The first look, once everything has been read, reports one line
 * for all of them.
 */
export function followProtection(directory: Directory, parts: Parts): ProtectionChanges {
  const { synced, report, observe, failed, turn = () => setImmediate() } = parts
  let known: Map<ServiceId, ProtectionState> | undefined
  const services = new Map<ServiceId, ServiceRef>()
  const namespaces = new Set<string>()

  const looks = createScheduler(async () => {
    if (!synced()) return { afterMs: SETTLE_MS }
    const begun = performance.now()
    try {
      await inSlices(look(), turn)
    } catch (bug) {
      failed(bug)
    }
    return { afterMs: undefined, restMs: REST * (performance.now() - begun) }
  })

  function* look(): Work<void> {
    const changes: Change[] = []
    const before = known ?? new Map<ServiceId, ProtectionState>()
    for (const service of due()) {
      const change = changeOf(service, before)
      if (change !== undefined) changes.push(change)
      yield UNITS
    }
    if (known === undefined) report(summaryOf(before.values()))
    else for (const all of Map.groupBy(changes, ({ service }) => service.namespace)) tell(...all)
    known = before
  }

  /** The services that may have changed. */
  function due(): Iterable<ServiceRef> {
    for (const namespace of namespaces)
      for (const service of directory.servicesIn(namespace)) services.set(idOf(service), service)
    const found = [...services.values()]
    namespaces.clear()
    services.clear()
    return found
  }

  function changeOf(
    service: ServiceRef,
    before: Map<ServiceId, ProtectionState>,
  ): Change | undefined {
    const id = idOf(service)
    const was = before.get(id)
    const status = strictest(
      directory.servicesNamed(service).map((each) => protectionStatusOf(each, directory)),
    )
    if (status === undefined) before.delete(id)
    if (status === undefined || status.protection === was) return undefined
    const { protection } = status
    before.set(id, protection)
    return { ...describeChange(was, status), service, protection, was }
  }

  /** Warnings first. */
  function tell(namespace: string, changes: readonly Change[]) {
    for (const { protection, was } of changes) observe?.(protection, was)
    const isWarning = ({ level }: Change) => level === 'warn'
    const sorted = [...changes.filter(isWarning), ...changes.filter((each) => !isWarning(each))]
    for (const { service, was, reason, message, level } of sorted.slice(0, MAX_REPORTED)) {
      const notice = { object: displayNameOf(service), reason, message, level }
      report(notice, was === undefined && level === 'info' ? undefined : service)
    }
    const others = sorted.slice(MAX_REPORTED)
    if (others.length > 0) report(othersOf(namespace, others))
  }

  const note = (service: ServiceRef) => {
    services.set(idOf(service), service)
    looks.plan(SETTLE_MS)
  }
  const watched = observedDirectory(directory, {
    service: ({ kind, namespace, name }) => note({ kind, namespace, name }),
    policy: ({ namespace }) => {
      namespaces.add(namespace)
      looks.plan(SETTLE_MS)
    },
  })
  looks.plan(SETTLE_MS)
  return { directory: watched, close: looks.close }
}

/** A service that is declared several times lets in only what all declarations let in. */
function strictest(all: readonly ProtectionStatus[]): ProtectionStatus | undefined {
  const [first, ...others] = all
  const rank = ({ protection }: ProtectionStatus) => PROTECTION_STATES.indexOf(protection)
  return others.reduce(
    (one, other) => (one === undefined || rank(other) > rank(one) ? other : one),
    first,
  )
}

const summaryOf = (states: Iterable<ProtectionState>): Notice => ({
  object: 'services',
  level: 'info',
  ...describeCounts([...states], 'services are known'),
})

const othersOf = (namespace: string, changes: readonly Change[]): Notice => ({
  object: `namespace ${namespace}`,
  level: changes.some(({ level }) => level === 'warn') ? 'warn' : 'info',
  ...describeCounts(
    changes.map(({ protection }) => protection),
    'more services changed',
  ),
})
