import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { createApiServer } from '../../../src/kubernetes/client/api-server.ts'
import type { Collection } from '../../../src/kubernetes/watch/list-watch.ts'
import { type ReflectorPeriods, runReflector } from '../../../src/kubernetes/watch/reflector.ts'
import { createVersionedStore } from '../../../src/kubernetes/watch/store.ts'
import {
  type FakeApiServer,
  fakeCertificates,
  startFakeApiServer,
} from '../../../testing/cluster/api-server.ts'
import { type FakeCollection, fakeCollection } from '../../../testing/cluster/api-server-objects.ts'

export const ROLES: Collection = {
  resource: 'roles',
  paths: ['/apis/x/v1/roles'],
  query: {},
  metadataOnly: true,
}

/** Short enough for tests, and long enough that a slow machine does not look like a dead API server. */
const PERIODS: ReflectorPeriods = {
  firstRetry: 5,
  longestRetry: 40,
  longestKnock: 20,
  absent: 20,
  silence: 60_000,
  request: 60_000,
}

/** Watches a collection; `held` contains the handler's objects by key. */
function startFollowing(
  server: Pick<FakeApiServer, 'kubeConfig'>,
  periods: Partial<ReflectorPeriods> = {},
  collection = ROLES,
) {
  const api = createApiServer(server.kubeConfig())
  const stop = new AbortController()
  const held = new Map<string, unknown>()
  const puts: string[] = []
  const failures: string[] = []
  const synced: boolean[] = []
  const withheld: string[] = []
  const failed = (error: unknown) => void failures.push(String(error))
  const known = createVersionedStore(
    {
      put: ({ key, content }) => {
        puts.push(key)
        if (content.fault === true) throw new Error('a fault of the handler')
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
    withheld: (error: unknown) => void withheld.push(String(error)),
    connected: () => {},
    disconnected: () => {},
    heard: () => {
      heard += 1
    },
  }
  const running = runReflector(api, collection, follower, stop.signal, { ...PERIODS, ...periods })
  return {
    names: () => [...held.keys()].toSorted().map((key) => key.replace('team/', '')),
    /** Every put, in order. */
    puts,
    failures,
    synced,
    /** Each attempt that failed. */
    withheld,
    heard: () => heard,
    stop: async () => {
      stop.abort()
      await running
      api.close()
    },
  }
}

export const PATIENCE = { interval: 5 }

type Following = ReturnType<typeof startFollowing>

/** For each test an API server with the objects `a` and `b`, and a reflector once it is started. */
export function followingWorld() {
  let certificates: Awaited<ReturnType<typeof fakeCertificates>>
  let server: FakeApiServer
  let collection: FakeCollection
  let following: Following | undefined

  beforeAll(async () => {
    certificates = await fakeCertificates()
  })
  beforeEach(async () => {
    collection = fakeCollection()
    collection.put('a')
    collection.put('b')
    server = await startFakeApiServer(certificates, collection.answer)
  })
  afterEach(async () => {
    await following?.stop()
    following = undefined
    await server.close()
  })
  return {
    server: () => server,
    collection: () => collection,
    start: (periods: Partial<ReflectorPeriods> = {}, followed = ROLES): Following => {
      following = startFollowing(server, periods, followed)
      return following
    },
    /** Waits until the handler holds these objects. */
    names: (expected: readonly string[]) =>
      expect.poll(() => following?.names(), PATIENCE).toEqual(expected),
    urls: () => server.requests.map(({ url }) => url),
  }
}
