import type { Directory } from './access/directory.ts'
import { type Standing, standingOf, surroundingsIn } from './access/standing.ts'
import type { Table } from './access/table.ts'

/** From a change to the look at all policies, in milliseconds. */
const SETTLE_MS = 100

/** The same directory, of which it is told what becomes of each policy whenever that changes. */
export function tellingStandings(
  directory: Directory,
  tell: ((policy: string, standing: Standing) => void) | undefined,
): Directory {
  if (tell === undefined) return directory
  let told = new Map<string, string>()
  let planned = false

  const look = () => {
    planned = false
    const now = new Map<string, string>()
    const around = surroundingsIn(directory.services.values(), directory.policies.values())
    for (const policy of directory.policies.values()) {
      const standing = standingOf(policy, around(policy.namespace))
      const name = `AccessPolicy ${policy.namespace}/${policy.name}`
      const words = JSON.stringify(standing)
      now.set(name, words)
      if (told.get(name) !== words) tell(name, standing)
    }
    told = now
  }
  const changed = () => {
    if (!planned) setTimeout(look, SETTLE_MS).unref()
    planned = true
  }
  return {
    ...directory,
    services: { ...directory.services, ...telling(directory.services, changed) },
    policies: { ...directory.policies, ...telling(directory.policies, changed) },
  }
}

const telling = <V>(table: Pick<Table<V>, 'put' | 'remove'>, changed: () => void) => ({
  put: (id: string, value: V) => {
    table.put(id, value)
    changed()
  },
  remove: (id: string) => {
    table.remove(id)
    changed()
  },
})
