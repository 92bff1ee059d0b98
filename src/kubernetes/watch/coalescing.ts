// Merges rapid updates of one object.

import { setImmediate } from 'node:timers/promises'
import type { VersionedStore } from './store.ts'
import type { Listed } from './watch-event.ts'

type Coalesced = Pick<VersionedStore, 'put' | 'remove' | 'keepOnly'> & {
  readonly close: () => void
}

/** Shortest time between two updates of an object, in milliseconds. */
export const WINDOW_MS = 100
/** Objects handled without a turn of the event loop in between. */
const BATCH = 16
const LOOKS = 2_000

/**
 * Passes an update on immediately, unless the same object was just updated: then only its last state, a
 * moment later. Removals are immediate.
 */
export function coalescing(
  known: Pick<VersionedStore, 'put' | 'remove' | 'keepOnly'>,
  turn: () => Promise<unknown> = () => setImmediate(),
): Coalesced {
  /** Recently updated objects, each with the state that waits. */
  const recent = new Map<string, Listed | undefined>()
  let timer: NodeJS.Timeout | undefined

  const arm = () => {
    timer ??= setTimeout(() => void flush(), WINDOW_MS).unref()
  }
  const take = (key: string): boolean => {
    const next = recent.get(key)
    if (next === undefined) recent.delete(key)
    else {
      recent.set(key, undefined)
      known.put(next)
    }
    return next !== undefined
  }
  async function flush() {
    let taken = 0
    let looks = 0
    for (const key of Array.from(recent.keys())) {
      if (take(key)) taken += 1
      looks += 1
      if (taken < BATCH && looks < LOOKS) continue
      await turn()
      taken = 0
      looks = 0
    }
    timer = undefined
    if (recent.size > 0) arm()
  }

  return {
    put: (object) => {
      const waits = recent.has(object.key)
      recent.set(object.key, waits ? object : undefined)
      if (!waits) known.put(object)
      arm()
    },
    remove: (key) => {
      recent.set(key, undefined)
      known.remove(key)
      arm()
    },
    keepOnly: (seen) => {
      for (const [key, next] of recent) {
        if (next === undefined) continue
        recent.set(key, undefined)
        if (seen.has(key)) known.put(next)
      }
      known.keepOnly(seen)
    },
    close: () => {
      clearTimeout(timer)
      recent.clear()
    },
  }
}
