// The last denial of each service.

import { setImmediate } from 'node:timers/promises'
import type { DenyReason } from '../access/decision.ts'
import type { Directory } from '../access/directory.ts'
import type { Position } from '../access/request.ts'
import { idOf, type ServiceRef } from '../access/service.ts'

/** Of a denial; nothing of its request or its caller. */
type Denial = {
  /** When the check arrived, in milliseconds since the epoch. */
  time: number
  reason: DenyReason
  position: Position
}

type Kept = Denial & { readonly service: ServiceRef }

/** Services whose last denial is kept. */
export const MAX_LAST_DENIALS = 10_000

/** Entries rendered between two turns of the event loop: about a millisecond. */
const SLICE = 2_000

export type LastDenials = {
  readonly observe: (service: ServiceRef, denial: Readonly<Denial>) => void
  /** All of known services, as JSON. */
  readonly text: () => Promise<string>
}

/** Keeps the last denial of each known service in memory. A removed service takes its own along. */
export function createLastDenials({
  servicesNamed,
}: Pick<Directory, 'servicesNamed'>): LastDenials {
  const kept = new Map<string, Kept>()
  const exists = (service: ServiceRef) => servicesNamed(service).length > 0

  const dropGone = () => {
    for (const [id, { service }] of kept) if (!exists(service)) kept.delete(id)
  }

  /** Drops so many that the next ones need no look. */
  const makeRoom = () => {
    dropGone()
    const surplus = kept.size - MAX_LAST_DENIALS / 2
    const byAge = [...kept].toSorted(([, one], [, other]) => one.time - other.time)
    for (const [id] of byAge.slice(0, Math.max(0, surplus))) kept.delete(id)
  }

  return {
    observe: (service, { time, reason, position }) => {
      const id = idOf(service)
      const known = kept.get(id)
      if (known !== undefined) {
        known.time = time
        known.reason = reason
        known.position = position
        return
      }
      // A check that ends after its service was removed must not restore it.
      if (!exists(service)) return
      if (kept.size >= MAX_LAST_DENIALS) makeRoom()
      const { kind, namespace, name } = service
      kept.set(id, { service: { kind, namespace, name }, time, reason, position })
    },
    text: async () => {
      dropGone()
      const lines: string[] = []
      for (const { service, time, reason, position } of kept.values()) {
        lines.push(
          JSON.stringify({ ...service, time: new Date(time).toISOString(), reason, position }),
        )
        if (lines.length % SLICE === 0) await setImmediate()
      }
      return `{"denials":[${lines.join(',\n')}]}\n`
    },
  }
}
