/** Calls that have begun and not ended; equal ones are one. */
export type InFlight<T> = {
  /** Joins the call with this key or begins it. `undefined`: too many are under way, in all or for this tenant. */
  readonly join: (key: string, tenant: string, call: () => Promise<T>) => Promise<T> | undefined
}

export type InFlightLimits = { readonly inAll: number; readonly perTenant: number }

export function createInFlight<T>({ inAll, perTenant }: InFlightLimits): InFlight<T> {
  const calls = new Map<string, Promise<T>>()
  const shares = new Map<string, number>()
  const shareOf = (tenant: string) => shares.get(tenant) ?? 0

  const end = (key: string, tenant: string) => {
    calls.delete(key)
    const left = shareOf(tenant) - 1
    if (left > 0) shares.set(tenant, left)
    else shares.delete(tenant)
  }

  return {
    join: (key, tenant, call) => {
      const known = calls.get(key)
      if (known !== undefined) return known
      if (calls.size >= inAll || shareOf(tenant) >= perTenant) return undefined
      shares.set(tenant, shareOf(tenant) + 1)
      const begun = call().finally(() => end(key, tenant))
      calls.set(key, begun)
      return begun
    },
  }
}
