// Watches folders for hints of changes.

import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'

/** Watches folders, and hints when something in one may have changed. */
export type Watchers = {
  /** Watches a folder, again if it was replaced. */
  readonly enter: (folder: string, identity: string) => void
  /** Stops watching all folders except these. */
  readonly keep: (folders: { readonly has: (folder: string) => boolean }) => void
  readonly close: () => void
}

/** One plain `fs.watch` per folder: a recursive one misses changes after a file is replaced. */
export function createWatchers(
  root: string,
  hint: () => void,
  report: (fault: string) => void,
): Watchers {
  const watched = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>()
  let reported = false

  const drop = (folder: string) => {
    watched.get(folder)?.watcher.close()
    watched.delete(folder)
  }
  const enter = (folder: string, identity: string) => {
    if (watched.get(folder)?.identity === identity) return
    drop(folder)
    try {
      const watcher = watch(path.join(root, folder), hint)
      watcher.on('error', () => drop(folder))
      watched.set(folder, { identity, watcher })
    } catch {
      if (!reported) report('folders cannot be watched: changes are found by scanning only')
      reported = true
    }
  }
  const keep: Watchers['keep'] = (folders) => {
    for (const folder of watched.keys()) if (!folders.has(folder)) drop(folder)
  }
  return { enter, keep, close: () => keep(new Set()) }
}
