// Detects files that may still be written.

import type { SeenFile } from './scan.ts'

export type WriteStabilityLimits = {
  /** A file is read when it has been unchanged for this long, in milliseconds. */
  readonly settleMs: number
  /** A file that keeps changing for this long is unreadable, in milliseconds. */
  readonly patienceMs: number
}

export type WriteStability = {
  readonly stateOf: (name: string, file: SeenFile) => 'settled' | 'changing' | 'restless'
  /** Forgets all files except these. */
  readonly keep: (files: { readonly has: (name: string) => boolean }) => void
}

/** Detects files that may still be written: half a file often parses, as a smaller one. */
export function createWriteStability({
  settleMs,
  patienceMs,
}: WriteStabilityLimits): WriteStability {
  const changing = new Map<string, { signature: string; since: number; from: number }>()

  const stateOf = (name: string, { signature, writtenAt }: SeenFile) => {
    const now = performance.now()
    const before = changing.get(name)
    const since = before?.signature === signature ? before.since : now
    const from = before?.from ?? now
    // The second condition covers a file system whose clock is ahead.
    if (Date.now() - writtenAt >= settleMs || now - since >= settleMs) {
      changing.delete(name)
      return 'settled'
    }
    changing.set(name, { signature, since, from })
    return now - from < patienceMs ? 'changing' : 'restless'
  }
  const keep: WriteStability['keep'] = (files) => {
    for (const name of changing.keys()) if (!files.has(name)) changing.delete(name)
  }
  return { stateOf, keep }
}
