import { createApiServer } from '../../src/kubernetes/api-server.ts'
import type { Collection } from '../../src/kubernetes/collection.ts'
import { type FollowPeriods, follow } from '../../src/kubernetes/follow.ts'
import { createKnown } from '../../src/kubernetes/known.ts'
import type { FakeApiServer } from '../support/api-server.ts'

export const ROLES: Collection = {
  resource: 'roles',
  paths: ['/apis/x/v1/roles'],
  query: {},
  metadataOnly: true,
}

/** So short that no test waits, and so long that a slow machine is not taken for a dead API server. */
const PERIODS: FollowPeriods = {
  firstRetry: 5,
  longestRetry: 40,
  longestKnock: 20,
  absent: 20,
  silence: 60_000,
  request: 60_000,
}

/** Follows a collection; `held` is what a keeper was told to keep, by key. */
export function startFollowing(
  server: Pick<FakeApiServer, 'kubeConfig'>,
  periods: Partial<FollowPeriods> = {},
  collection = ROLES,
) {
  const api = createApiServer(server.kubeConfig())
  const stop = new AbortController()
  const held = new Map<string, unknown>()
  const puts: string[] = []
  const failures: string[] = []
  const synced: boolean[] = []
  const failed = (error: unknown) => void failures.push(String(error))
  const known = createKnown(
    {
      put: ({ key, content }) => {
        puts.push(key)
        if (content.fault === true) throw new Error('a fault of the keeper')
        held.set(key, content)
      },
      remove: (key) => void held.delete(key),
    },
    failed,
  )
  let heard = 0
  const follower = {
    ...known,
    failed,
    synced: (present: boolean) => void synced.push(present),
    connected: () => {},
    heard: () => {
      heard += 1
    },
  }
  const running = follow(api, collection, follower, stop.signal, { ...PERIODS, ...periods })
  return {
    names: () => [...held.keys()].toSorted().map((key) => key.replace('team/', '')),
    /** Every put, in order. */
    puts,
    failures,
    synced,
    heard: () => heard,
    stop: async () => {
      stop.abort()
      await running
      api.close()
    },
  }
}
