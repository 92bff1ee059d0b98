// Rate limits per service, namespace and proxy, and in total.

import { type Allowance, createTokenBucket, type TokenBucket } from './token-bucket.ts'

export type Allowances = {
  readonly perService: Allowance
  /** Per namespace. */
  readonly perTenant: Allowance
  readonly perProxy: Allowance
  readonly inAll: Allowance
}

/** Rate limits of look-ups for tokens that anybody can make. */
export const ALLOWANCES: Allowances = {
  perService: { burst: 100, perSecond: 50 },
  perTenant: { burst: 150, perSecond: 75 },
  perProxy: { burst: 200, perSecond: 100 },
  inAll: { burst: 400, perSecond: 200 },
}

/** On whose behalf something is looked up. */
export type Holders = {
  readonly service: string
  readonly tenant: string
  /** `''`: there is none. */
  readonly proxy: string
}

/** Takes one token from each bucket of the holders, or none and names the empty bucket. */
export type RateLimits = (holders: Holders) => 'service' | 'tenant' | 'proxy' | 'all' | undefined

export const MAX_HOLDERS = 10_000
/** Between two clean-ups of full buckets. */
const DROP_MS = 1_000

/** Keeps one service, namespace or proxy from using up the total rate of look-ups. */
export function createRateLimits({
  perService,
  perTenant,
  perProxy,
  inAll,
}: Allowances): RateLimits {
  const services = createBuckets(perService)
  const tenants = createBuckets(perTenant)
  const proxies = createBuckets(perProxy)
  const all = createBuckets(inAll)

  return ({ service, tenant, proxy }) => {
    const now = performance.now()
    if (!services.has(service, now)) return 'service'
    if (!tenants.has(tenant, now)) return 'tenant'
    if (!proxies.has(proxy, now)) return 'proxy'
    if (!all.has('', now)) return 'all'
    services.take(service)
    tenants.take(tenant)
    proxies.take(proxy)
    all.take('')
    return undefined
  }
}

/** One bucket per holder. A holder without one has a full bucket. */
function createBuckets(allowance: Allowance) {
  const buckets = new Map<string, TokenBucket>()
  let dropped = Number.NEGATIVE_INFINITY

  const bucketOf = (holder: string, now: number) => {
    const bucket = buckets.get(holder) ?? createTokenBucket(allowance, now)
    buckets.set(holder, bucket)
    return bucket
  }
  const dropFull = (now: number) => {
    if (now - dropped < DROP_MS) return
    dropped = now
    for (const [holder, bucket] of buckets) {
      if (bucket.left(now) >= allowance.burst) buckets.delete(holder)
    }
  }

  return {
    has: (holder: string, now: number): boolean => {
      if (buckets.size >= MAX_HOLDERS) dropFull(now)
      // Legitimate callers never have this many holders at once.
      const isListed = buckets.size < MAX_HOLDERS || buckets.has(holder)
      return isListed && bucketOf(holder, now).left(now) >= 1
    },
    take: (holder: string) => buckets.get(holder)?.take(),
  }
}
