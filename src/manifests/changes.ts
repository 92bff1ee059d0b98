import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { attempt, isGone, type Look, lookAtFile, type SeenFile } from './look.ts'
import { createSettling, type SettlingLimits } from './settling.ts'

/** What became of a file, named by its path in the folder. `unreadable` is said of folders too. */
export type FileChange<T> =
  | { readonly kind: 'read'; readonly path: string; readonly content: T }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'gone'; readonly path: string }

export type FileSource<T> = {
  readonly folder: string
  /** Reads the bytes of one file. Must not throw. */
  readonly read: (path: string, bytes: Uint8Array) => Promise<T>
}

export type FileLimits = SettlingLimits & { readonly maxBytes: number }

/** Finds what changed since the looks before. `complete`: nothing waits for another look soon. */
export type ChangeFinder<T> = (
  seen: Look,
) => Promise<{ readonly changes: readonly FileChange<T>[]; readonly complete: boolean }>

const BATCH = 32

/**
 * Remembers of each file the state in which it was read, or why it could not be. A file is read
 * between two equal looks at it; one that cannot be read gets a second chance before that counts.
 */
export function createChangeFinder<T>(source: FileSource<T>, limits: FileLimits): ChangeFinder<T> {
  const known = new Map<string, string>()
  const settling = createSettling(limits)
  let suspects: ReadonlySet<string> = new Set()

  return async (seen) => {
    const changes: FileChange<T>[] = []
    const doubted = new Set<string>()
    let waiting = false
    const lose = (name: string, reason: string) => {
      if (known.get(name) === faulty(reason)) return
      if (!suspects.has(name)) return void doubted.add(name)
      known.set(name, faulty(reason))
      changes.push({ kind: 'unreadable', path: name, reason })
    }
    const visit = async ([name, file]: readonly [string, SeenFile]) => {
      const state = settling.stateOf(name, file)
      const bytes =
        state === 'settled' ? await readSteady(source.folder, name, file, limits) : state
      if (bytes === 'changing') waiting = true
      else if (bytes === 'restless') lose(name, 'it does not stop changing')
      else if ('fault' in bytes) lose(name, bytes.fault)
      else {
        changes.push({ kind: 'read', path: name, content: await source.read(name, bytes) })
        known.set(name, file.signature)
      }
    }

    settling.keep(seen.files)
    const changed = [...seen.files].filter(([name, file]) => known.get(name) !== file.signature)
    for (let start = 0; start < changed.length; start += BATCH)
      await Promise.all(changed.slice(start, start + BATCH).map(visit))
    for (const name of new Set([...known.keys(), ...seen.unreadable.keys()])) {
      if (seen.files.has(name)) continue
      const fault = faultOf(name, seen.unreadable)
      if (fault !== undefined) lose(name, fault)
      else if (known.delete(name)) changes.push({ kind: 'gone', path: name })
    }
    suspects = doubted
    return { changes, complete: !waiting && doubted.size === 0 }
  }
}

/** No signature begins so. */
const faulty = (reason: string) => `unreadable: ${reason}`

async function readSteady(
  folder: string,
  name: string,
  { signature, bytes: size }: SeenFile,
  { maxBytes }: FileLimits,
): Promise<Uint8Array | { readonly fault: string } | 'changing'> {
  if (size > maxBytes) return { fault: `it is over ${maxBytes} bytes` }
  const file = path.join(folder, name)
  const bytes = await attempt(() => readFile(file))
  if (typeof bytes === 'string') return isGone(bytes) ? 'changing' : { fault: bytes }
  const after = await lookAtFile(file)
  return typeof after !== 'string' && after.signature === signature ? bytes : 'changing'
}

/** Why a file cannot be read: for its own sake, or for that of a folder that holds it. */
function faultOf(name: string, unreadable: Look['unreadable']): string | undefined {
  for (let place = name; ; place = parentOf(place)) {
    const fault = unreadable.get(place)
    if (fault !== undefined || place === '') return fault
  }
}

function parentOf(name: string): string {
  const parent = path.dirname(name)
  return parent === '.' ? '' : parent
}
