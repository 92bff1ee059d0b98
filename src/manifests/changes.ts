// Finds and reads the changed files of a folder.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { attempt, isGone, type SeenFile, type Snapshot, scanFile } from './scan.ts'
import { createWriteStability, type WriteStabilityLimits } from './write-stability.ts'

/** A change of a file, by its path in the folder. `unreadable` can also be a folder. */
export type FileChange<T> =
  | { readonly kind: 'read'; readonly path: string; readonly content: T }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'gone'; readonly path: string }

export type FileSource<T> = {
  readonly folder: string
  /** Parses the bytes of one file. Must not throw. */
  readonly read: (path: string, bytes: Uint8Array) => Promise<T>
}

export type FileLimits = WriteStabilityLimits & { readonly maxBytes: number }

/** Finds the changes since the previous scans. `complete`: no file needs another scan soon. */
export type ChangeFinder<T> = (
  seen: Snapshot,
) => Promise<{ readonly changes: readonly FileChange<T>[]; readonly complete: boolean }>

const BATCH = 32

/**
 * While a file settles, no change is applied for this many settling times: a file that is gone may have been
 * moved, and changes found together apply together.
 */
const HOLD = 5

/**
 * Remembers the state in which each file was read, or why it could not be. A file is read between two equal
 * stats; one that cannot be read gets a second chance.
 */
export function createChangeFinder<T>(source: FileSource<T>, limits: FileLimits): ChangeFinder<T> {
  const known = new Map<string, string>()
  const settling = createWriteStability(limits)
  const holding = createHold(HOLD * limits.settleMs)
  let suspects: ReadonlySet<string> = new Set()

  return async (seen) => {
    settling.keep(seen.files)
    const states = [...seen.files]
      .filter(([name, file]) => known.get(name) !== file.signature)
      .map(([name, file]) => ({ name, file, state: settling.stateOf(name, file) }))
    const unsettled = states.some(({ state }) => state === 'changing')
    if (unsettled && holding(true)) return { changes: [], complete: false }
    const outcomes: Outcome<T>[] = []
    for (let start = 0; start < states.length; start += BATCH) {
      const batch = await Promise.all(states.slice(start, start + BATCH).map(readOne))
      // Parsed one after the other, because parsing takes time slices.
      for (const file of batch) outcomes.push('bytes' in file ? await understand(file) : file)
    }
    const waiting = outcomes.some(({ kind }) => kind === 'changing')
    if (holding(waiting)) return { changes: [], complete: false }
    const { changes, doubted } = take([...outcomes, ...absent(seen)])
    suspects = doubted
    return { changes, complete: !waiting && doubted.size === 0 }
  }

  async function readOne({ name, file, state }: Candidate): Promise<Outcome<T> | ReadBytes> {
    if (state === 'changing') return { kind: state, path: name }
    if (state === 'restless') return { kind: 'unreadable', path: name, reason: 'it keeps changing' }
    const bytes = await readSteady(source.folder, name, file, limits)
    if (bytes === 'changing') return { kind: bytes, path: name }
    if ('fault' in bytes) return { kind: 'unreadable', path: name, reason: bytes.fault }
    return { path: name, bytes, signature: file.signature }
  }

  async function understand({ path, bytes, signature }: ReadBytes): Promise<Outcome<T>> {
    return { kind: 'read', path, content: await source.read(path, bytes), signature }
  }

  function absent({ files, unreadable }: Snapshot): Outcome<T>[] {
    return [...new Set([...known.keys(), ...unreadable.keys()])]
      .filter((name) => !files.has(name))
      .map((name) => {
        const reason = faultOf(name, unreadable)
        return reason === undefined
          ? { kind: 'gone', path: name }
          : { kind: 'unreadable', path: name, reason }
      })
  }

  function take(outcomes: readonly Outcome<T>[]) {
    const changes: FileChange<T>[] = []
    const doubted = new Set<string>()
    for (const outcome of outcomes) {
      const { kind, path: name } = outcome
      if (kind === 'changing') continue
      if (kind === 'gone') known.delete(name)
      else if (kind === 'read') known.set(name, outcome.signature)
      else if (known.get(name) === faulty(outcome.reason)) continue
      else if (suspects.has(name)) known.set(name, faulty(outcome.reason))
      else {
        doubted.add(name)
        continue
      }
      changes.push(outcome)
    }
    return { changes, doubted }
  }
}

type Candidate = {
  readonly name: string
  readonly file: SeenFile
  readonly state: 'settled' | 'changing' | 'restless'
}

type ReadBytes = {
  readonly path: string
  readonly bytes: Uint8Array
  readonly signature: string
}

type Outcome<T> =
  | (Extract<FileChange<T>, { kind: 'read' }> & { readonly signature: string })
  | Exclude<FileChange<T>, { kind: 'read' }>
  | { readonly kind: 'changing'; readonly path: string }

/** Whether to keep waiting, for at most `patienceMs`. */
function createHold(patienceMs: number): (waiting: boolean) => boolean {
  let since: number | undefined
  return (waiting) => {
    since = waiting ? (since ?? performance.now()) : undefined
    return since !== undefined && performance.now() - since < patienceMs
  }
}

/** No signature starts like this. */
const faulty = (reason: string) => `unreadable: ${reason}`

async function readSteady(
  folder: string,
  name: string,
  { signature, bytes: size }: SeenFile,
  { maxBytes }: FileLimits,
): Promise<Uint8Array | { readonly fault: string } | 'changing'> {
  if (size > maxBytes) return { fault: `it is larger than ${maxBytes} bytes` }
  const file = path.join(folder, name)
  const bytes = await attempt(() => readFile(file))
  if (typeof bytes === 'string') return isGone(bytes) ? 'changing' : { fault: bytes }
  const after = await scanFile(file)
  return typeof after !== 'string' && after.signature === signature ? bytes : 'changing'
}

/** Why a file cannot be read: its own fault, or that of a parent folder. */
function faultOf(name: string, unreadable: Snapshot['unreadable']): string | undefined {
  for (let place = name; ; place = parentOf(place)) {
    const fault = unreadable.get(place)
    if (fault !== undefined || place === '') return fault
  }
}

function parentOf(name: string): string {
  const parent = path.dirname(name)
  return parent === '.' ? '' : parent
}
