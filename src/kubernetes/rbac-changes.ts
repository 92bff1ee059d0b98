import type { Keeper } from './known.ts'

/** When Roles and bindings changed that may touch what callers may do in a namespace. */
export type RbacChanges = {
  readonly keeper: Keeper
  /** Grows with each change. */
  readonly count: (namespace: string) => number
  /** Milliseconds since the last change. */
  readonly age: (namespace: string) => number
}

type Changes = { readonly count: number; readonly at: number }

const NONE: Changes = { count: 0, at: Number.NEGATIVE_INFINITY }

/** Until `settled` what is read is what was there before, and no change. */
export function createRbacChanges(settled: () => boolean): RbacChanges {
  /** By namespace; of ClusterRoles and their bindings `''`. */
  const changes = new Map<string, Changes>()

  const changed = (key: string) => {
    const namespace = key.slice(0, key.indexOf('/'))
    const { count, at } = changes.get(namespace) ?? NONE
    changes.set(namespace, { count: count + 1, at: settled() ? performance.now() : at })
  }
  const of = (namespace: string) =>
    [changes.get('') ?? NONE, changes.get(namespace) ?? NONE] as const

  return {
    keeper: { put: ({ key }) => changed(key), remove: changed },
    count: (namespace) => {
      const [everywhere, here] = of(namespace)
      return everywhere.count + here.count
    },
    age: (namespace) => {
      const [everywhere, here] = of(namespace)
      return performance.now() - Math.max(everywhere.at, here.at)
    },
  }
}

/** Where nothing is watched. */
export const NO_CHANGES: Pick<RbacChanges, 'count' | 'age'> = {
  count: () => 0,
  age: () => Number.POSITIVE_INFINITY,
}
