// Lists the manifests of a folder.

import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { errorCode } from '../common/error-code.ts'

export type ScanLimits = {
  /** Of nested folders. */
  readonly maxDepth: number
  readonly maxFiles: number
}

export type SeenFile = {
  /** Changes when the file is written or replaced. */
  readonly signature: string
  readonly bytes: number
  /** Time of the last write, in milliseconds since the epoch. */
  readonly writtenAt: number
}

/** The content of a folder. Paths are relative to it; `''` is the folder itself. */
export type Snapshot = {
  readonly files: ReadonlyMap<string, SeenFile>
  readonly folders: { readonly has: (folder: string) => boolean }
  /** Existing files and folders that cannot be read, with the reason. What is below them is not known. */
  readonly unreadable: ReadonlyMap<string, string>
}

const MANIFEST = /\.(?:ya?ml|json)$/
const BATCH = 256

/** How often a scan is repeated while folders change. */
export const MAX_SCANS = 5

/**
 * Lists the manifests and folders in a folder, without reading them. Skips names that start with a dot: in a
 * mounted ConfigMap they are the same files again. Calls `enter` with each folder and its identity before
 * listing it. Never throws. A file that is renamed during a scan could be missed under both names, so a scan
 * is repeated if a folder changed meanwhile.
 */
export async function scan(
  root: string,
  limits: ScanLimits,
  enter: (folder: string, identity: string) => void,
): Promise<Snapshot> {
  for (let looks = 1; ; looks += 1) {
    const found = await lookOnce(root, limits, enter)
    if (looks === MAX_SCANS || (await isSteady(root, found))) return found
  }
}

async function lookOnce(
  root: string,
  limits: ScanLimits,
  enter: (folder: string, identity: string) => void,
): Promise<Findings> {
  const found: Findings = { files: new Map(), folders: new Map(), unreadable: new Map() }
  const visited = new Set<string>()

  const visit = async (folder: string, stats: BigIntStats, depth: number): Promise<void> => {
    const identity = `${stats.dev}:${stats.ino}`
    if (visited.has(identity)) return
    visited.add(identity)
    const excess = depth > limits.maxDepth ? TOO_DEEP : excessOf(found, limits)
    if (excess !== undefined) return void found.unreadable.set(folder, excess)
    enter(folder, identity)
    found.folders.set(folder, signatureOf(stats))
    for await (const [name, entry] of entriesIn(root, folder, found))
      if (entry.isDirectory()) await visit(name, entry, depth + 1)
      else if (entry.isFile() && MANIFEST.test(name)) add(name, entry)
  }
  const add = (name: string, stats: BigIntStats) => {
    const excess = excessOf(found, limits)
    if (excess === undefined) found.files.set(name, seenFile(stats))
    else found.unreadable.set(name, excess)
  }

  const top = await statOf(root)
  if (typeof top === 'string') found.unreadable.set('', top)
  else await visit('', top, 0)
  return found
}

async function isSteady(root: string, { folders }: Findings): Promise<boolean> {
  for (const [folder, signature] of folders) {
    const now = await statOf(path.join(root, folder))
    if (typeof now === 'string' || signatureOf(now) !== signature) return false
  }
  return true
}

type Findings = {
  readonly files: Map<string, SeenFile>
  /** With the state of each before it was listed. */
  readonly folders: Map<string, string>
  readonly unreadable: Map<string, string>
}

const TOO_DEEP = 'it is nested too deeply'

const excessOf = ({ files }: Findings, { maxFiles }: ScanLimits) =>
  files.size < maxFiles ? undefined : 'there are too many files'

/** Possible manifests and folders, sorted by name, without those that vanished meanwhile. */
async function* entriesIn(
  root: string,
  folder: string,
  { unreadable }: Findings,
): AsyncGenerator<readonly [name: string, stats: BigIntStats]> {
  const entries = await attempt(() => readdir(path.join(root, folder), { withFileTypes: true }))
  if (typeof entries === 'string') {
    if (!isGone(entries) || folder === '') unreadable.set(folder, entries)
    return
  }
  const names = entries.filter(isWanted).map(({ name }) => path.join(folder, name))
  names.sort()
  for (let start = 0; start < names.length; start += BATCH) {
    const batch = names.slice(start, start + BATCH)
    const found = await Promise.all(
      batch.map(async (name) => [name, await statOf(path.join(root, name))] as const),
    )
    for (const [name, stats] of found)
      if (typeof stats !== 'string') yield [name, stats]
      else if (!isGone(stats)) unreadable.set(name, stats)
  }
}

/** Stats one file again; a text if it cannot be read. */
export async function scanFile(file: string): Promise<SeenFile | string> {
  const found = await statOf(file)
  return typeof found === 'string' ? found : seenFile(found)
}

/** Whether an error code means that the file does not exist. */
export const isGone = (code: string): boolean => code === 'ENOENT' || code === 'ENOTDIR'

/** The value, or the code of the error. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | string> {
  try {
    return await action()
  } catch (error) {
    return errorCode(error) ?? 'unknown error'
  }
}

const statOf = (file: string) => attempt(() => stat(file, { bigint: true }))

const isWanted = (entry: Dirent) =>
  !entry.name.startsWith('.') &&
  (MANIFEST.test(entry.name) || entry.isDirectory() || entry.isSymbolicLink())

const seenFile = (stats: BigIntStats): SeenFile => ({
  signature: signatureOf(stats),
  bytes: Number(stats.size),
  writtenAt: Number(stats.mtimeMs),
})

const signatureOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
