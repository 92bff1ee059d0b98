import type { ApiServer } from './api-server.ts'
import { ApiError } from './api-server.ts'
import type { KindCollection } from './collections.ts'
import { type Follower, type FollowPeriods, follow } from './follow.ts'

/** A collection, and what keeps its objects. */
export type Followed = {
  readonly collection: KindCollection
  readonly keeper: Pick<Follower, 'put' | 'remove'>
}

export type ClusterOptions = {
  readonly api: ApiServer
  readonly followed: readonly Followed[]
  /** Told of each failed attempt: a fixed sentence. */
  readonly failed: (resource: string, message: string) => void
  readonly periods?: Partial<FollowPeriods>
}

export type Cluster = {
  /** Whether every collection was read at least once. */
  readonly synced: () => boolean
  readonly states: () => readonly CollectionState[]
  readonly close: () => Promise<void>
}

export type CollectionState = {
  readonly resource: string
  readonly synced: boolean
  /** Whether the cluster has this kind at all. */
  readonly present: boolean
  readonly restarts: number
  /** Why it cannot be read now; `''`: it can, as far as is known. */
  readonly problem: string
}

/** Follows the objects of a cluster until closed; the last that was known stays through outages. */
export function followCluster(options: ClusterOptions): Cluster {
  const { api, followed, failed, periods = {} } = options
  const stop = new AbortController()
  const states = new Map<KindCollection, CollectionState>()
  const running = followed.map(({ collection, keeper }) => {
    const set = (change: Partial<CollectionState>) =>
      states.set(collection, { ...stateOf(collection), ...change })
    set({})
    const follower: Follower = {
      ...keeper,
      synced: (present) => set({ synced: true, present, problem: '' }),
      connected: () => set({ problem: '' }),
      failed: (error) => {
        const problem = describe(error, collection)
        set({ restarts: stateOf(collection).restarts + 1, problem })
        failed(collection.resource, problem)
      },
    }
    return follow(api, collection, follower, stop.signal, periods)
  })

  function stateOf(collection: KindCollection): CollectionState {
    const fresh = { synced: false, present: true, restarts: 0, problem: 'not read yet' }
    return states.get(collection) ?? { resource: collection.resource, ...fresh }
  }

  return {
    synced: () => [...states.values()].every(({ synced }) => synced),
    states: () => [...states.values()],
    close: async () => {
      stop.abort()
      await Promise.all(running)
    },
  }
}

/** A missing permission is named with verb and resource, as a ClusterRole would grant it. */
function describe(error: unknown, { resource, apiVersion }: KindCollection): string {
  if (!(error instanceof ApiError)) {
    return error instanceof Error && error.message.includes('API server')
      ? error.message
      : 'the API server cannot be reached'
  }
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
  return error.status === 403
    ? `missing permission: get, list and watch ${resource}${group}`
    : error.message
}
