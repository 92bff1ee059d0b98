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

function observed<V>(table: Pick<Table<V>, 'put' | 'remove'>, changed: (value: V) => void) {
  const values = new Map<string, V>()
  const forget = (id: string) => {
    const before = values.get(id)
    values.delete(id)
    if (before !== undefined) changed(before)
  }
  return {
    put: (id: string, value: V) => {
      forget(id)
      values.set(id, value)
      table.put(id, value)
      changed(value)
    },
    remove: (id: string) => {
      table.remove(id)
      forget(id)
    },
  }
}
