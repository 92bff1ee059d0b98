// Tracks the versions of objects for a handler.

import type { Listed } from './watch-event.ts'

/** Receives the objects of a collection. */
export type Handler = {
  /** Adds or replaces an object. */
  readonly put: (object: Listed) => void
  readonly remove: (key: string) => void
  /** Handles an object that cannot be put; absent: it is removed. */
  readonly close?: ((key: string) => void) | undefined
}

/** Tracks versions, so that a handler gets removals, and no object twice. */
export type VersionedStore = Handler & {
  readonly keepOnly: (seen: ReadonlySet<string>) => void
  /** Forces the next put of each object, even if it is unchanged. */
  readonly doubt: () => void
}

const DOUBTED = ''

/** `failed` is called if an object cannot be put: its previous state must not stay. */
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
