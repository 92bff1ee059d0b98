import type { QueueKey, TakeTurn } from '../../access/queue-key.ts'

export type QueueLimits = {
  /** Works under way at a time. */
  readonly running: number
  /** Works that wait, in all and in one line. */
  readonly waiting: number
  readonly waitingPerKey: number
  /** Longest wait in milliseconds. A work that waited longer is not begun: its outcome would come too late. */
  readonly patienceMs: number
}

/** Runs works in turn of their tenants, so that one with many does not keep the others waiting. */
export type FairQueue = {
  readonly run: TakeTurn
}

/** `begin` is told whether the work may begin. */
type Waiter = { readonly begin: (inTime: boolean) => void; readonly until: number }

type Tenant = {
  /** The line whose turn it is stands first. */
  readonly lines: Map<string, Waiter[]>
  length: number
}

export function createFairQueue(limits: QueueLimits): FairQueue {
  const { running, waiting, waitingPerKey, patienceMs } = limits
  /** Those with works that wait; the one whose turn it is stands first. */
  const tenants = new Map<string, Tenant>()
  let underWay = 0
  let length = 0

  return {
    run: (queueKey, work) => {
      if (underWay < running) {
        underWay += 1
        return work().finally(end)
      }
      const own = tenants.get(queueKey.tenant)
      const ahead = own?.lines.get(queueKey.name)?.length ?? 0
      if (ahead >= waitingPerKey || !hasRoom(own?.length ?? 0)) return undefined
      return new Promise<boolean>((begin) => add(queueKey, begin)).then((inTime) =>
        inTime ? work().finally(end) : undefined,
      )
    },
  }

  function end() {
    const next = take()
    if (next === undefined) underWay -= 1
    else next.begin(true)
  }

  function add({ tenant, name }: QueueKey, begin: Waiter['begin']) {
    const own = tenants.get(tenant) ?? { lines: new Map<string, Waiter[]>(), length: 0 }
    const line = own.lines.get(name) ?? []
    line.push({ begin, until: performance.now() + patienceMs })
    own.lines.set(name, line)
    own.length += 1
    tenants.set(tenant, own)
    length += 1
  }

  /** The first work of the line whose turn it is. Those that waited too long are sent away. */
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
      const late = line.findIndex(({ until }) => until > now)
      const gone = line.splice(0, late < 0 ? line.length : late)
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

  /** Where all places are taken, the tenant with the most gives one to a tenant with less. */
  function hasRoom(ownLength: number): boolean {
    if (length < waiting) return true
    let most: Tenant | undefined
    for (const tenant of tenants.values()) if (tenant.length > (most?.length ?? 0)) most = tenant
    if (most === undefined || most.length <= ownLength + 1) return false
    sendAwayLast(most)
    return true
  }

  /** Of the longest line; of several the last. */
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
