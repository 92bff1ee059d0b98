// Bounds the calls in flight, in total and per tenant.

import { createSingleFlight } from '../common/single-flight.ts'

/** Calls in flight; equal calls are merged. */
export type InFlight<T> = {
  /** Joins the call with this key, or starts it. `undefined`: too many are in flight, in total or for this tenant. */
  readonly join: (key: string, tenant: string, call: () => Promise<T>) => Promise<T> | undefined
}

export type InFlightLimits = { readonly inAll: number; readonly perTenant: number }

export function createInFlight<T>({ inAll, perTenant }: InFlightLimits): InFlight<T> {
  const calls = createSingleFlight<T>()
  let size = 0
  const shares = new Map<string, number>()
  const shareOf = (tenant: string) => shares.get(tenant) ?? 0

  const end = (tenant: string) => {
    size -= 1
    const left = shareOf(tenant) - 1
    if (left > 0) shares.set(tenant, left)
    else shares.delete(tenant)
  }

  return {
    join: (key, tenant, call) => {
      const known = calls.underWay(key)
      if (known !== undefined) return known
      if (size >= inAll || shareOf(tenant) >= perTenant) return undefined
      size += 1
      shares.set(tenant, shareOf(tenant) + 1)
      return calls.join(key, call, () => end(tenant))
    },
  }
}
