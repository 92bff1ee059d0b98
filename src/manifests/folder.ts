// Follows a folder: scans it repeatedly, sooner after a hint.

import { createChangeFinder, type FileChange, type FileLimits, type FileSource } from './changes.ts'
import { type ScanLimits, scan } from './scan.ts'
import { createScanTimer } from './scan-timer.ts'
import { createWatchers } from './watchers.ts'

export type FolderOptions<T> = FileSource<T> & {
  /** Applies the changes found by one scan. Must not reject. */
  readonly apply: (changes: readonly FileChange<T>[]) => Promise<void>
  readonly report: (fault: string) => void
  readonly limits?: Partial<FolderLimits>
}

export type FolderLimits = ScanLimits &
  FileLimits & {
    /** Between two scans without a hint, in milliseconds. */
    readonly intervalMs: number
  }

export type Folder = {
  /** When the last complete scan started, as `performance.now()`. */
  readonly lookedAt: () => number
  /** Resolves when no more changes will be applied. */
  readonly close: () => Promise<void>
}

export const FOLDER_LIMITS: FolderLimits = {
  maxDepth: 16,
  maxFiles: 100_000,
  maxBytes: 8 * 1024 * 1024,
  settleMs: 50,
  intervalMs: 1_000,
  patienceMs: 5_000,
}

/** The rest after a scan, as a multiple of its duration, so that scanning takes little time. */
const REST = 10
/** The longest rest: a folder that is slow to scan must not become stale. */
export const MAX_REST_MS = 60_000

/**
 * Follows the manifests of a folder; resolves when all of them have been read and applied once. Scans are
 * authoritative; file watching only hastens the next scan.
 */
export async function followFolder<T>(options: FolderOptions<T>): Promise<Folder> {
  const limits = { ...FOLDER_LIMITS, ...options.limits }
  const pulse = createScanTimer()
  const looker = createLooker(options, limits, pulse.hint)

  let looked = await looker.look()
  const rest = ({ complete, scanMs }: Looked) =>
    pulse.next(
      complete ? restAfter(scanMs, limits) : limits.settleMs,
      Math.max(limits.settleMs, scanMs),
    )
  const follow = async () => {
    for (;;) {
      await rest(looked)
      if (looker.stopped()) return
      looked = await looker.look().catch(() => {
        options.report('scanning the folder failed')
        return { complete: true, scanMs: 0 }
      })
    }
  }

  while (!looked.complete) {
    await rest(looked)
    looked = await looker.look()
  }
  const followed = follow()
  return {
    lookedAt: looker.lookedAt,
    close: async () => {
      looker.stop()
      pulse.end()
      await followed
    },
  }
}

/** In milliseconds. */
export const restAfter = (scanMs: number, { intervalMs }: Pick<FolderLimits, 'intervalMs'>) =>
  Math.max(intervalMs, Math.min(MAX_REST_MS, REST * scanMs))

type Looked = {
  /** No file needs another scan soon. */
  readonly complete: boolean
  /** The time to list the files, without reading them, in milliseconds. */
  readonly scanMs: number
}

function createLooker<T>(options: FolderOptions<T>, limits: FolderLimits, hint: () => void) {
  const watchers = createWatchers(options.folder, hint, options.report)
  const find = createChangeFinder(options, limits)
  let lookedAt = performance.now()
  let stopped = false

  const look = async (): Promise<Looked> => {
    const started = performance.now()
    const seen = await scan(options.folder, limits, (folder, identity) => {
      if (!stopped) watchers.enter(folder, identity)
    })
    const scanMs = performance.now() - started
    if (!stopped) watchers.keep(seen.folders)
    const { changes, complete } = await find(seen)
    if (!stopped && changes.length > 0) await options.apply(changes)
    lookedAt = started
    return { complete, scanMs }
  }
  const stop = () => {
    stopped = true
    watchers.close()
  }
  return { look, stop, stopped: () => stopped, lookedAt: () => lookedAt }
}
