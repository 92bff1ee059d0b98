// Which routes a gateway prefers to an LLMInferenceService's own route.

import { type Asking, type Attached, isBeside, isReachable } from './asking.ts'
import type { ByModel } from './model-header.ts'
import type { Route, Service } from './service.ts'

/** The routes that a gateway prefers to a catch-all route for any host. */
export type Preferred = {
  /** Routes by path. */
  readonly paths: readonly (Attached & { readonly pathPrefix: string })[]
  /** Routes by the model header. */
  readonly models: readonly ByModel[]
}

/**
 * Whether the request certainly takes a more specific route, at each gateway that may ask and may have the
 * service's route.
 */
export function isPreceded(
  service: Service,
  { pathPrefix, headers, by }: Route,
  { paths, models }: Preferred,
  asking: Asking,
): boolean {
  if (by === 'pattern' && asking.pathsFirst !== true) return false
  const plain = (by ?? 'unread') === 'unread' && headers === undefined
  return (
    paths.some(
      (path) => path.pathPrefix.length > pathPrefix.length && isBeside(path, service, asking),
    ) ||
    (plain &&
      models.some(
        (model) => (pathPrefix === '' || model.exact) && isBeside(model, service, asking),
      ))
  )
}

/** The services that the asking gateway may reach, except those that one of `owners` precedes there. */
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

/** By list: a table returns a new list after each change. */
const known = new WeakMap<readonly Service[], Map<string, readonly Service[]>>()
