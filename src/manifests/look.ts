import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

export type LookLimits = {
  /** Of folders in folders. */
  readonly maxDepth: number
  readonly maxFiles: number
}

export type SeenFile = {
  /** Equal as long as nobody wrote to the file or put another in its place. */
  readonly signature: string
  readonly bytes: number
  /** Of the last change that the file system knows, in milliseconds since the epoch. */
  readonly changedAt: number
}

/** What is in a folder. Paths are relative to it, `''` is the folder itself. */
export type Look = {
  readonly files: ReadonlyMap<string, SeenFile>
  readonly folders: ReadonlySet<string>
  /** Files and folders that are there and cannot be read: why. What lies below is not known. */
  readonly unreadable: ReadonlyMap<string, string>
}

const MANIFEST = /\.(?:ya?ml|json)$/
const BATCH = 256

/**
 * Lists the manifests of a folder and the folders in it, without reading them. Names that begin with
 * a dot are left out: in a mounted ConfigMap they are the same files again. `enter` is called with
 * each folder and its identity before it is listed. Never throws.
 */
export async function lookAt(
  root: string,
  limits: LookLimits,
  enter: (folder: string, identity: string) => void,
): Promise<Look> {
  const found: Findings = { files: new Map(), folders: new Set(), unreadable: new Map() }
  const visited = new Set<string>()

  const visit = async (folder: string, identity: string, depth: number): Promise<void> => {
    if (visited.has(identity)) return
    visited.add(identity)
    const excess = depth > limits.maxDepth ? TOO_DEEP : excessOf(found, limits)
    if (excess !== undefined) return void found.unreadable.set(folder, excess)
    enter(folder, identity)
    found.folders.add(folder)
    for await (const [name, stats] of entriesIn(root, folder, found))
      if (stats.isDirectory()) await visit(name, `${stats.dev}:${stats.ino}`, depth + 1)
      else if (stats.isFile() && MANIFEST.test(name)) add(name, stats)
  }
  const add = (name: string, stats: BigIntStats) => {
    const excess = excessOf(found, limits)
    if (excess === undefined) found.files.set(name, seenFile(stats))
    else found.unreadable.set(name, excess)
  }

  const top = await statOf(root)
  if (typeof top === 'string') found.unreadable.set('', top)
  else await visit('', `${top.dev}:${top.ino}`, 0)
  return found
}

type Findings = {
  readonly files: Map<string, SeenFile>
  readonly folders: Set<string>
  readonly unreadable: Map<string, string>
}

const TOO_DEEP = 'it lies too deep'

const excessOf = ({ files }: Findings, { maxFiles }: LookLimits) =>
  files.size < maxFiles ? undefined : 'there are too many files'

/** What may be a manifest or a folder, in order of name. What vanished meanwhile is left out. */
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

/** Looks at one file again; a text where it cannot. */
export async function lookAtFile(file: string): Promise<SeenFile | string> {
  const found = await statOf(file)
  return typeof found === 'string' ? found : seenFile(found)
}

/** Whether an error code says that the file is no more. */
export const isGone = (code: string): boolean => code === 'ENOENT' || code === 'ENOTDIR'

/** The value, or the code of the error. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | string> {
  try {
    return await action()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  }
}

const statOf = (file: string) => attempt(() => stat(file, { bigint: true }))

const isWanted = (entry: Dirent) =>
  !entry.name.startsWith('.') &&
  (MANIFEST.test(entry.name) || entry.isDirectory() || entry.isSymbolicLink())

const seenFile = ({
  dev,
  ino,
  size,
  mtimeNs,
  ctimeNs,
  mtimeMs,
  ctimeMs,
}: BigIntStats): SeenFile => ({
  signature: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
  bytes: Number(size),
  changedAt: Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs),
})
