// Which entries a resource has in the tables of a directory.

import type { Directory } from '../access/directory.ts'
import { idOf } from '../access/service.ts'
import type { Table } from '../common/table.ts'
import type { Resource } from './kinds.ts'

export type DirectoryTables = Pick<
  Directory,
  'services' | 'workloads' | 'proxies' | 'keys' | 'policies' | 'routes'
>

/** One entry of a resource in one table. */
export type Holding = {
  readonly place: string
  readonly put: () => void
  readonly remove: () => void
}

/** The entries of a resource in a directory. A kind without an entry here does not compile. */
export function holdingsIn(
  { services, workloads, proxies, keys, policies, routes }: DirectoryTables,
  id: string,
  resource: Resource,
): readonly Holding[] {
  switch (resource.kind) {
    case 'service':
      return [tableHolding(services, id, resource.service)]
    case 'workloads':
      return [
        ...resource.proxies.map((proxy) => tableHolding(proxies, `proxy ${id}`, proxy)),
        ...resource.workloads.map((workload) =>
          tableHolding(workloads, `${id} ${idOf(workload.service)}`, workload),
        ),
      ]
    case 'api-key':
      return [tableHolding(keys, `key ${id}`, resource.key)]
    case 'policy':
      return [tableHolding(policies, id, resource.policy)]
    case 'route':
      return [tableHolding(routes, id, resource.route)]
    case 'token':
    case 'service-account':
    case 'role':
    case 'binding':
    case 'llm-config':
    case 'kserve-configuration':
    case 'ignored':
      return []
  }
}

export const tableHolding = <T>(
  table: Pick<Table<T>, 'put' | 'remove'>,
  place: string,
  value: T,
): Holding => ({ place, put: () => table.put(place, value), remove: () => table.remove(place) })

/** Adds the new entries, then removes the old ones, so that entries that stay are never missing. */
export function replaceHoldings(previous: readonly Holding[], next: readonly Holding[]): void {
  for (const { put } of next) put()
  const places = new Set(next.map(({ place }) => place))
  for (const { place, remove } of previous) if (!places.has(place)) remove()
}
