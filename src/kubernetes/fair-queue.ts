export type QueueLimits = {
  /** Works under way at a time. */
  readonly running: number
  /** Works that wait, in all and with the same key. */
  readonly waiting: number
  readonly waitingPerKey: number
}

/** Runs works in turn of their tenants and, of one tenant, of their keys: many works keep no others waiting. */
export type FairQueue = {
  /**
   * Nothing, or a promise of nothing: too many wait, it is not run. Where the queue is full, the tenant
   * with the most works gives way to the others. A key without a tenant is one.
   */
  readonly run: <T>(
    key: string,
    work: () => Promise<T>,
    tenant?: string,
  ) => Promise<T | undefined> | undefined
}

/** Told whether it may run. */
type Waiting = (admitted: boolean) => void

/** The keys whose turn it is stand first. */
type Tenant = { readonly lines: Map<string, Waiting[]>; length: number }

export function createFairQueue({ running, waiting, waitingPerKey }: QueueLimits): FairQueue {
  /** The ones with works that wait; the tenant whose turn it is stands first. */
  const tenants = new Map<string, Tenant>()
  let underWay = 0
  let length = 0

  /** Begins the work whose turn it is, and puts its key and its tenant behind the others. */
  const end = () => {
    const [next] = tenants
    if (next === undefined) {
      underWay -= 1
      return
    }
    const [name, tenant] = next
    const [[key, line] = ['', []]] = tenant.lines
    const begin = line.shift()
    tenant.lines.delete(key)
    if (line.length > 0) tenant.lines.set(key, line)
    tenants.delete(name)
    shorten(name, tenant)
    begin?.(true)
  }
  const shorten = (name: string, tenant: Tenant) => {
    length -= 1
    tenant.length -= 1
    if (tenant.length > 0) tenants.set(name, tenant)
    else tenants.delete(name)
  }
  /** The last work of the longest line goes, of the tenant that has the most, if that has more than another. */
  const makeRoom = (own: number): boolean => {
    if (own * tenants.size > length) return false
    const [name, tenant] = longest(tenants, ({ length }) => length) ?? []
    if (name === undefined || tenant === undefined || tenant.length <= own + 1) return false
    const [key = '', line = []] = longest(tenant.lines, (line) => line.length) ?? []
    const refuse = line.pop()
    if (line.length === 0) tenant.lines.delete(key)
    shorten(name, tenant)
    refuse?.(false)
    return true
  }

  return {
    run: (key, work, name = key) => {
      if (underWay < running) {
        underWay += 1
        return work().finally(end)
      }
      const tenant = tenants.get(name) ?? { lines: new Map<string, Waiting[]>(), length: 0 }
      const line = tenant.lines.get(key) ?? []
      if (line.length >= waitingPerKey) return undefined
      if (length >= waiting && !makeRoom(tenant.length)) return undefined
      length += 1
      tenant.length += 1
      tenant.lines.set(key, line)
      tenants.set(name, tenant)
      return new Promise<boolean>((admit) => line.push(admit)).then((admitted) =>
        admitted ? work().finally(end) : undefined,
      )
    },
  }
}

/** The entry with the largest length, of several the last. */
function longest<T>(
  entries: ReadonlyMap<string, T>,
  lengthOf: (entry: T) => number,
): readonly [string, T] | undefined {
  let found: readonly [string, T] | undefined
  for (const entry of entries)
    if (found === undefined || lengthOf(entry[1]) >= lengthOf(found[1])) found = entry
  return found
}
