import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDirectory, type Directory } from '../../src/access/directory.ts'
import type { Fact, IsFresh } from '../../src/access/freshness.ts'
import { heardAtOf } from '../../src/app/cluster-objects.ts'
import { createFreshness } from '../../src/app/fact-freshness.ts'
import { createApiServer } from '../../src/kubernetes/client/api-server.ts'
import { createDirectoryWriter } from '../../src/kubernetes/watch/directory-writer.ts'
import { type Informers as Followed, startInformers } from '../../src/kubernetes/watch/informers.ts'
import { holdingCollections } from '../../src/kubernetes/watch/watched-kinds.ts'
import { anAuthorize, aService, atPod, digestOf } from '../../testing/builders.ts'
import { kubeConfigOf } from '../../testing/cluster/api-server.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import { keySecret, pod, runPod } from '../../testing/cluster/objects.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { startProxy, type TestProxy } from '../../testing/proxy.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
/** Instead of a minute and a half. */
const SILENCE_MS = 500
const KEY = 'a-key-of-sixteen-bytes'
const READER = keySecret('team', 'reader', KEY)

let cluster: Cluster
let proxy: TestProxy
let directory: Directory
let followed: Followed

beforeAll(async () => {
  cluster = await startCluster({ crds: [] })
  await cluster.apply(aNamespace('team'))
})
afterAll(() => cluster?.stop())

beforeEach(async () => {
  await cluster.apply(READER)
  proxy = await startProxy(cluster.site.apiPort)
  directory = createDirectory()
  followed = follow(proxy.port, cluster.site.adminToken)
  await expect.poll(followed.synced, PATIENCE).toBe(true)
})
afterEach(async () => {
  await followed?.close()
  await proxy?.stop()
})

/** As the program does, with a shorter timeout. */
function follow(port: number, token: string): Followed {
  const ca = readFileSync(path.join(cluster.site.folder, 'ca.crt'), 'utf8')
  const { matchLabels } = SETTINGS.apiKeys.selector
  return startInformers({
    api: createApiServer(kubeConfigOf(`https://127.0.0.1:${port}`, ca, token)),
    followed: holdingCollections({ namespaces: [], apiKeyLabels: matchLabels }).map(
      (collection) => ({
        collection,
        handler: createDirectoryWriter(collection, {
          directory,
          settings: () => SETTINGS,
          report: () => {},
        }),
      }),
    ),
    failed: () => {},
    periods: { silence: SILENCE_MS, request: SILENCE_MS, firstRetry: 10, longestKnock: 100 },
  })
}

const holders = () => directory.keysWith('team', digestOf(KEY)).map(({ name }) => name)
const restarts = () => followed.states().reduce((sum, state) => sum + state.restarts, 0)

/** Instead of five minutes: longer than this API server is silent on a working connection. */
const BOUND_MS = 5_000
const DAY_MS = 86_400_000

/** Services and policies are not watched here. */
const followedOnly =
  (isFresh: IsFresh): IsFresh =>
  (fact, bound) =>
    fact === 'services' || fact === 'policies' || isFresh(fact, bound)

describe('an address that passes to another pod during silence', () => {
  const OPEN = pod('team', 'open-predictor-0', { service: 'open' })
  const CLOSED = pod('team', 'closed-predictor-0', { service: 'closed' })
  const ADDRESS = '10.1.2.3'

  it('opens that pod for a moment only', async () => {
    await runPod(cluster, OPEN, ADDRESS)
    const open = aService({ name: 'open', protection: 'open', urls: [] })
    directory.services.put('open', open)
    directory.services.put('closed', aService({ name: 'closed', urls: [] }))
    const { isFresh } = createFreshness((fact) => heardAtOf(fact, followed.states()), {
      address: BOUND_MS,
      object: DAY_MS,
    })
    const authorize = anAuthorize({ directory, isFresh: followedOnly(isFresh) })
    const ask = async () => {
      const { decision } = await authorize(atPod({ destination: { address: ADDRESS } }))
      return decision.outcome === 'allow' ? 'allow' : decision.reason
    }
    await expect.poll(ask, PATIENCE).toBe('allow')

    proxy.become('hang')
    await cluster.delete(OPEN)
    await runPod(cluster, CLOSED, ADDRESS)
    expect(await ask()).toBe('allow')
    await expect.poll(ask, PATIENCE).toBe('unknown-target')

    proxy.become('pass')
    await expect.poll(ask, PATIENCE).toBe('missing-credential')
    await cluster.delete(CLOSED)
  })

  it('stays open to callers with a credential until all data is too old', async () => {
    await runPod(cluster, CLOSED, ADDRESS)
    directory.services.put('closed', aService({ name: 'closed', urls: [] }))
    const heardAt = (fact: Fact) => heardAtOf(fact, followed.states())
    const answerWithin = (object: number) => {
      const { isFresh } = createFreshness(heardAt, { address: BOUND_MS, object })
      const authorize = anAuthorize({ directory, isFresh: followedOnly(isFresh) })
      return async (request: Parameters<typeof atPod>[0]) => {
        const { decision } = await authorize(
          atPod({ ...request, destination: { address: ADDRESS } }),
        )
        return decision.outcome === 'allow' ? 'allow' : decision.reason
      }
    }
    const [inADay, soon] = [answerWithin(DAY_MS), answerWithin(BOUND_MS)]
    const health = { method: 'GET', path: '/healthz' }
    const withKey = { headers: { authorization: `Bearer ${KEY}` } }
    await expect.poll(() => inADay(health), PATIENCE).toBe('allow')
    expect(await soon(withKey)).toBe('allow')

    proxy.become('hang')
    await expect.poll(() => inADay(health), PATIENCE).toBe('unknown-target')
    expect(await inADay(withKey)).toBe('allow')
    await expect.poll(() => soon(withKey), PATIENCE).toBe('unknown-target')

    proxy.become('pass')
    await expect.poll(() => inADay(health), PATIENCE).toBe('allow')
    await expect.poll(() => soon(withKey), PATIENCE).toBe('allow')
    await cluster.delete(CLOSED)
  })

  it('is fresh while the connection works, although nothing changes', async () => {
    const before = restarts()
    const { stale } = createFreshness((fact) => heardAtOf(fact, followed.states()), {
      address: BOUND_MS,
      object: BOUND_MS,
    })
    while (restarts() < before + 30) {
      expect(stale().filter(({ fact }) => fact === 'pods' || fact === 'keys')).toEqual([])
      await new Promise(setImmediate)
    }
  })
})

describe('a connection that has gone silent', () => {
  it('is closed, and objects deleted meanwhile are gone', async () => {
    proxy.become('hang')
    await cluster.delete(READER)
    expect(holders()).toEqual(['reader'])
    await expect.poll(restarts, PATIENCE).toBeGreaterThan(4)
    proxy.become('pass')
    await expect.poll(holders, PATIENCE).toEqual([])
  })

  it('is closed even if a new one hangs, too', async () => {
    proxy.become('hang')
    proxy.reset()
    await cluster.delete(READER)
    await expect.poll(restarts, PATIENCE).toBeGreaterThan(8)
    proxy.become('pass')
    await expect.poll(holders, PATIENCE).toEqual([])
  })

  it('keeps the known objects until then', async () => {
    proxy.become('hang')
    await expect.poll(restarts, PATIENCE).toBeGreaterThan(8)
    expect(holders()).toEqual(['reader'])
    expect(followed.synced()).toBe(true)
    expect(followed.states().every(({ problem }) => problem !== '')).toBe(true)
  })
})
