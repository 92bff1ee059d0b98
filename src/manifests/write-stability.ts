import type { SeenFile } from './scan.ts'

export type WriteStabilityLimits = {
  /** A file is read when it has not changed for so long, in milliseconds. */
  readonly settleMs: number
  /** A file that does not settle for so long, in milliseconds, is unreadable. */
  readonly patienceMs: number
}

export type WriteStability = {
  readonly stateOf: (name: string, file: SeenFile) => 'settled' | 'changing' | 'restless'
  /** Forgets every file but these. */
  readonly keep: (files: { readonly has: (name: string) => boolean }) => void
}

/** Tells whether somebody may still be writing to a file: half a file often parses, as less than the whole. */
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
    // The second holds where the file system's clock runs ahead of ours.
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
