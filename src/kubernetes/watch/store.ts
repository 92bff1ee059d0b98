import type { Listed } from './watch-event.ts'

/** Keeps what objects say. */
export type Handler = {
  /** Of an object that is new or has changed. */
  readonly put: (object: Listed) => void
  readonly remove: (key: string) => void
  /** Of one that cannot be put; absent: it is removed. */
  readonly close?: ((key: string) => void) | undefined
}

/** What a keeper holds, so that it can be told of what is there no more, and not twice of the same. */
export type VersionedStore = Handler & {
  readonly keepOnly: (seen: ReadonlySet<string>) => void
  /** The next put of each object counts, whether it has changed or not. */
  readonly doubt: () => void
}

const DOUBTED = ''

/** `failed` is told where an object cannot be put: what it was before must not outlive it. */
export function createVersionedStore(
  handler: Handler,
  failed: (error: unknown) => void,
): Omit<VersionedStore, 'close'> {
  const versions = new Map<string, string>()
  const remove = (key: string) => {
    versions.delete(key)
    handler.remove(key)
  }
  return {
    remove,
    put: (object) => {
      const { key, version } = object
      if (versions.get(key) === version) return
      versions.set(key, version)
      try {
        handler.put(object)
      } catch (error) {
        failed(error)
        if (handler.close === undefined) remove(key)
        else handler.close(key)
      }
    },
    keepOnly: (seen) => {
      for (const key of versions.keys()) if (!seen.has(key)) remove(key)
    },
    doubt: () => {
      for (const key of versions.keys()) versions.set(key, DOUBTED)
    },
  }
}
