import { type Asking, type Attached, isBeside, isReachable } from './asking.ts'
import type { Route, Service } from './service.ts'

/** The routes that a gateway chooses before those of any host and every path. */
export type Preferred = {
  /** By a path. */
  readonly paths: readonly (Attached & { readonly pathPrefix: string })[]
  /** By the model header. */
  readonly models: readonly Attached[]
  /** Whether those by the model header are exact routes of the path. */
  readonly exact: boolean
}

/**
 * Whether a request surely takes another route than that of a claim, at each gateway that may ask and that
 * has the routes of the service.
 */
export function isPreceded(
  service: Service,
  { pathPrefix, headers, by }: Route,
  { paths, models, exact }: Preferred,
  asking: Asking,
): boolean {
  if (by === 'pattern' && asking.pathsFirst !== true) return false
  const certain = (by ?? 'unread') === 'unread' && headers === undefined
  const plain = certain && (pathPrefix === '' || exact)
  return (
    paths.some(
      (path) => path.pathPrefix.length > pathPrefix.length && isBeside(path, service, asking),
    ) ||
    (plain && models.some((model) => isBeside(model, service, asking)))
  )
}

/** Of services those that can be reached at the gateway that asks and stand beside none of `owners` there. */
export function reachable(
  services: readonly Service[],
  owners: readonly Attached[],
  asking: Asking,
): readonly Service[] {
  if (services.length === 0) return services
  const byOwners = known.get(services) ?? new Map<string, readonly Service[]>()
  known.set(services, byOwners)
  const key = JSON.stringify([
    [...(asking.gateways ?? [''])],
    owners.map(({ attached }) => attached),
  ])
  const before = byOwners.get(key)
  if (before !== undefined) return before
  const left = services.filter(
    (service) =>
      isReachable(service, asking) && !owners.some((owner) => isBeside(owner, service, asking)),
  )
  if (byOwners.size >= MAX_KEPT) byOwners.clear()
  byOwners.set(key, left)
  return left
}

export const MAX_KEPT = 256

/** By the list of a table, which is another one after each change. */
const known = new WeakMap<readonly Service[], Map<string, readonly Service[]>>()
