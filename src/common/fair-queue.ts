// A queue with limited concurrency in which tenants take turns.

import { afterwards } from './maybe-promise.ts'

/** Where work queues: tenants take turns, and so do the queues of one tenant. */
export type QueueKey = { readonly tenant: string; readonly name: string }

/** Runs work when it is its turn. `undefined`, at once or later: the work was shed and never started. */
export type TakeTurn = <T>(
  queueKey: QueueKey,
  work: () => Promise<T>,
) => Promise<T | undefined> | undefined

export type QueueLimits = {
  /** Calls that run at a time. */
  readonly running: number
  /** Calls that wait, in total and per key. */
  readonly waiting: number
  readonly waitingPerKey: number
  /** Longest wait in milliseconds. A call that waited longer is not started, since its result would be too late. */
  readonly patienceMs: number
}

/** Runs calls with tenants taking turns, so that a tenant with many calls does not delay the others. */
export type FairQueue = {
  readonly run: TakeTurn
}

/**
 * Longest wait in milliseconds of calls of a tenant whose queue was not empty for `patienceMs`. Without it each call
 * of a lasting overload would wait for all of `patienceMs` (CoDel, RFC 8289).
 */
export const STANDING_PATIENCE_MS = 50

/** `begin` receives whether the call may start. `since`: milliseconds of a monotonic clock. */
type Waiter = { readonly begin: (inTime: boolean) => void; readonly since: number }

type Tenant = {
  /** In order of turns. */
  readonly lines: Map<string, Waiter[]>
  length: number
  /** When its queue was empty for the last time. */
  readonly since: number
}

export function createFairQueue(limits: QueueLimits): FairQueue {
  const { running, waiting, waitingPerKey, patienceMs } = limits
  /** Tenants with waiting calls, in order of turns. */
  const tenants = new Map<string, Tenant>()
  let underWay = 0
  let length = 0

  return {
    run: (queueKey, work) => {
      if (underWay < running) {
        underWay += 1
        return afterwards(work(), end)
      }
      const own = tenants.get(queueKey.tenant)
      const ahead = own?.lines.get(queueKey.name)?.length ?? 0
      if (ahead >= waitingPerKey || !hasRoom(own?.length ?? 0)) return undefined
      return new Promise<boolean>((begin) => add(queueKey, begin)).then((inTime) =>
        inTime ? afterwards(work(), end) : undefined,
      )
    },
  }

  function end() {
    const next = take()
    if (next === undefined) underWay -= 1
    else next.begin(true)
  }

  function add({ tenant, name }: QueueKey, begin: Waiter['begin']) {
    const since = performance.now()
    const own = tenants.get(tenant) ?? { lines: new Map<string, Waiter[]>(), length: 0, since }
    const line = own.lines.get(name) ?? []
    line.push({ begin, since })
    own.lines.set(name, line)
    own.length += 1
    tenants.set(tenant, own)
    length += 1
  }

  /** The next call in turn. Calls that waited too long are dropped. */
  function take(): Waiter | undefined {
    const now = performance.now()
    for (const [tenant, own] of tenants) {
      tenants.delete(tenant)
      const taken = takeOf(own, now)
      if (own.length > 0) tenants.set(tenant, own)
      if (taken !== undefined) return taken
    }
    return undefined
  }

  function takeOf(own: Tenant, now: number): Waiter | undefined {
    for (const [name, line] of own.lines) {
      const gone = line.splice(0, lateIn(line, own, now))
      for (const { begin } of gone) begin(false)
      const taken = line.shift()
      const left = gone.length + (taken === undefined ? 0 : 1)
      own.length -= left
      length -= left
      own.lines.delete(name)
      if (line.length > 0) own.lines.set(name, line)
      if (taken !== undefined) return taken
    }
    return undefined
  }

  /** How many calls at the head of a line waited too long. */
  function lateIn(line: readonly Waiter[], own: Tenant, now: number): number {
    const late = firstWithin(line, patienceMs, now)
    if (late === line.length || now - own.since <= patienceMs) return late
    // The newest one starts in any case, so that the dependency is not idle.
    return Math.min(line.length - 1, firstWithin(line, STANDING_PATIENCE_MS, now))
  }

  /** If the queue is full, the tenant with the most waiting calls loses one to a tenant with fewer. */
  function hasRoom(ownLength: number): boolean {
    if (length < waiting) return true
    let most: Tenant | undefined
    for (const tenant of tenants.values()) if (tenant.length > (most?.length ?? 0)) most = tenant
    if (most === undefined || most.length <= ownLength + 1) return false
    sendAwayLast(most)
    return true
  }

  /** Drops the last call of the longest queue; of equally long ones the last. */
  function sendAwayLast(tenant: Tenant) {
    let longest: Waiter[] = []
    for (const line of tenant.lines.values()) if (line.length >= longest.length) longest = line
    const last = longest.pop()
    if (last === undefined) return
    tenant.length -= 1
    length -= 1
    last.begin(false)
  }
}

/** The index of the first call that waited for less than this; the length if there is none. */
function firstWithin(line: readonly Waiter[], waitMs: number, now: number): number {
  const index = line.findIndex(({ since }) => since + waitMs > now)
  return index < 0 ? line.length : index
}
