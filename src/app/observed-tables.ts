// Wraps a directory, and tells about each change of a service or policy.

import type { Directory } from '../access/directory.ts'
import type { Policy } from '../access/policy.ts'
import type { Service } from '../access/service.ts'
import type { Table } from '../common/table.ts'

type Observer = {
  /** A service was added, changed or removed. */
  readonly service: (service: Service) => void
  readonly policy: (policy: Policy) => void
}

/** A directory that tells about each value that is added, replaced or removed. */
export const observedDirectory = (directory: Directory, changed: Observer): Directory => ({
  ...directory,
  services: { ...directory.services, ...observed(directory.services, changed.service) },
  policies: { ...directory.policies, ...observed(directory.policies, changed.policy) },
})

function observed<V>(table: Pick<Table<V>, 'put' | 'remove' | 'get'>, changed: (value: V) => void) {
  const leave = (id: string) => {
    const before = table.get(id)
    if (before !== undefined) changed(before)
  }
  return {
    put: (id: string, value: V) => {
      leave(id)
      table.put(id, value)
      changed(value)
    },
    remove: (id: string) => {
      leave(id)
      table.remove(id)
    },
  }
}
