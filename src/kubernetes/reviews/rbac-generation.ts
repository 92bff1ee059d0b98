// Counts changes of RBAC per namespace.

import type { Handler } from '../watch/store.ts'

/** Tracks changes of Roles and bindings that may affect permissions in a namespace. */
export type RbacGeneration = {
  readonly handler: Handler
  /** Increases with each change. */
  readonly generation: (namespace: string) => number
  /** Milliseconds since the last change. */
  readonly age: (namespace: string) => number
}

/** Namespaces counted separately; they come and go. */
export const MAX_NAMESPACES = 10_000

type Changes = { readonly count: number; readonly at: number }

const NONE: Changes = { count: 0, at: Number.NEGATIVE_INFINITY }

/** Until `settled`, objects are read for the first time, which is no change. */
export function createRbacGeneration(settled: () => boolean): RbacGeneration {
  /** By namespace; `''` for ClusterRoles and their bindings. */
  const changes = new Map<string, Changes>()

  /**
   * Merges all counts into the cluster-wide one. No generation decreases, and every namespace gets the time
   * of the latest change.
   */
  const fold = () => {
    const all = [...changes.values()]
    const everywhere = changes.get('') ?? NONE
    const most = all.reduce((sum, { count }) => Math.max(sum, count), 0)
    const at = all.reduce((last, each) => Math.max(last, each.at), NONE.at)
    changes.clear()
    changes.set('', { count: everywhere.count + most, at })
  }
  const changed = (key: string) => {
    if (changes.size > MAX_NAMESPACES) fold()
    const namespace = key.slice(0, key.indexOf('/'))
    const { count, at } = changes.get(namespace) ?? NONE
    changes.set(namespace, { count: count + 1, at: settled() ? performance.now() : at })
  }
  const of = (namespace: string) =>
    [changes.get('') ?? NONE, changes.get(namespace) ?? NONE] as const

  return {
    handler: { put: ({ key }) => changed(key), remove: changed },
    generation: (namespace) => {
      const [everywhere, here] = of(namespace)
      return everywhere.count + here.count
    },
    age: (namespace) => {
      const [everywhere, here] = of(namespace)
      return performance.now() - Math.max(everywhere.at, here.at)
    },
  }
}

/** Used if nothing is watched. */
export const NO_CHANGES: Pick<RbacGeneration, 'generation' | 'age'> = {
  generation: () => 0,
  age: () => Number.POSITIVE_INFINITY,
}
