import type { Asker } from '../access/identify.ts'
import { idOf } from '../access/service.ts'

/** `burst` at once; what is used of it comes back at so many a second. */
type Allowance = { readonly burst: number; readonly perSecond: number }

export type Allowances = {
  readonly perService: Allowance
  /** A namespace. */
  readonly perTenant: Allowance
  readonly perProxy: Allowance
  readonly inAll: Allowance
}

/** Takes a share of all budgets that an asker has a part in, or of none and names the one that is used up. */
export type Budgets = (asker: Asker) => 'service' | 'tenant' | 'proxy' | 'all' | undefined

export const MAX_HOLDERS = 10_000
/** Between two looks for holders that need not be listed. */
const DROP_MS = 1_000

/** Keeps one service, one namespace or one proxy from using up what all look-ups together may cost. */
export function createBudgets({ perService, perTenant, perProxy, inAll }: Allowances): Budgets {
  const services = createPurses(perService)
  const tenants = createPurses(perTenant)
  const proxies = createPurses(perProxy)
  const all = createPurses(inAll)

  return ({ service, proxy }) => {
    const [id, address, now] = [idOf(service), proxy?.() ?? '', performance.now()]
    if (!services.has(id, now)) return 'service'
    if (!tenants.has(service.namespace, now)) return 'tenant'
    if (!proxies.has(address, now)) return 'proxy'
    if (!all.has('', now)) return 'all'
    services.take(id)
    tenants.take(service.namespace)
    proxies.take(address)
    all.take('')
    return undefined
  }
}

/** What each holder has left. Whoever is not listed has everything. */
function createPurses({ burst, perSecond }: Allowance) {
  const purses = new Map<string, { left: number; at: number }>()
  let dropped = Number.NEGATIVE_INFINITY

  const purseOf = (holder: string, now: number) => {
    const purse = purses.get(holder) ?? { left: burst, at: now }
    purse.left = Math.min(burst, purse.left + ((now - purse.at) / 1_000) * perSecond)
    purse.at = now
    purses.set(holder, purse)
    return purse
  }
  const dropFull = (now: number) => {
    if (now - dropped < DROP_MS) return
    dropped = now
    for (const holder of purses.keys()) {
      if (purseOf(holder, now).left >= burst) purses.delete(holder)
    }
  }

  return {
    has: (holder: string, now: number): boolean => {
      if (purses.size >= MAX_HOLDERS) dropFull(now)
      // As many holders at once are nobody that calls in earnest.
      return (purses.size < MAX_HOLDERS || purses.has(holder)) && purseOf(holder, now).left >= 1
    },
    take: (holder: string) => {
      const purse = purses.get(holder)
      if (purse !== undefined) purse.left -= 1
    },
  }
}
