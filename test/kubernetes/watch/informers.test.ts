import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApiServer } from '../../../src/kubernetes/client/api-server.ts'
import { type Informers, startInformers } from '../../../src/kubernetes/watch/informers.ts'
import type { ReflectorPeriods } from '../../../src/kubernetes/watch/reflector.ts'
import {
  configurationCollection,
  serviceCollections,
} from '../../../src/kubernetes/watch/watched-kinds.ts'
import {
  type Answer,
  type FakeApiServer,
  fakeCertificates,
  quiet,
  silent,
  startFakeApiServer,
  status,
} from '../../../testing/cluster/api-server.ts'
import { type FakeCollection, fakeCollection } from '../../../testing/cluster/api-server-objects.ts'
import { PATIENCE } from './reflecting.ts'

const PERIODS: Partial<ReflectorPeriods> = {
  firstRetry: 5,
  longestRetry: 20,
  longestKnock: 20,
  absent: 20,
}
const CONFIGURATION = configurationCollection('kserve')
const [SERVICES = CONFIGURATION] = serviceCollections({ namespaces: [], apiKeyLabels: {} })

let certificates: Awaited<ReturnType<typeof fakeCertificates>>
let configMaps: FakeCollection
let services: FakeCollection
let server: FakeApiServer
let cluster: Informers
let answerConfigMaps: Answer
let answerServices: Answer
let puts: string[]
let failures: string[]

beforeAll(async () => {
  certificates = await fakeCertificates()
})
beforeEach(async () => {
  configMaps = fakeCollection()
  services = fakeCollection()
  services.put('iris')
  answerConfigMaps = configMaps.answer
  answerServices = services.answer
  server = await startFakeApiServer(certificates, (request, response) => {
    const isConfig = request.url?.includes('configmaps')
    const answer = isConfig ? answerConfigMaps : answerServices
    answer(request, response)
  })
  puts = []
  failures = []
})
afterEach(async () => {
  await cluster.close()
  await server.close()
})

const handler = { put: ({ key }: { key: string }) => void puts.push(key), remove: () => {} }

function start(before = () => {}) {
  cluster = startInformers({
    api: createApiServer(server.kubeConfig()),
    followed: [],
    configuration: { collection: CONFIGURATION, handler },
    configured: [{ collection: SERVICES, handler }],
    failed: (resource, message) => {
      before()
      failures.push(`${resource}: ${message}`)
    },
    periods: PERIODS,
  })
}

const synced = () => expect.poll(() => cluster.synced(), PATIENCE).toBe(true)

describe('a cluster', () => {
  it('is read after its configuration', async () => {
    configMaps.put('inferenceservice-config')
    start()
    await synced()
    expect(puts).toEqual(['team/inferenceservice-config', 'team/iris'])
  })

  it('is not read while the configuration is unavailable', async () => {
    answerConfigMaps = status(403)
    start()
    await expect.poll(() => failures.length, PATIENCE).toBeGreaterThan(2)
    expect(puts).toEqual([])
    expect(cluster.synced()).toBe(false)
    answerConfigMaps = configMaps.answer
    await synced()
    expect(puts).toEqual(['team/iris'])
  })

  it('is read again after the configuration changes', async () => {
    start()
    await synced()
    cluster.reread()
    await expect.poll(() => puts, PATIENCE).toEqual(['team/iris', 'team/iris'])
  })

  it('stays known through an outage, and reports it', async () => {
    start()
    await synced()
    const problems = () => cluster.states().map(({ problem }) => problem)
    expect(problems()).toEqual(['', ''])
    await server.close()
    await expect.poll(() => problems().every((problem) => problem !== ''), PATIENCE).toBe(true)
    expect(cluster.synced()).toBe(true)
  })

  it('reports no missing permission that is back at once', async () => {
    start()
    await synced()
    server.next(status(403))
    services.endWatches()
    services.put('wine')
    await expect.poll(() => puts, PATIENCE).toContain('team/wine')
    expect(failures).toEqual([])
    expect(cluster.states().map(({ restarts }) => restarts)).toContain(1)
  })

  describe('is not in sync', () => {
    const following = () => cluster.states().every((state) => state.following)

    it('while everything is listed again', async () => {
      start()
      await synced()
      expect(following()).toBe(true)
      server.next(status(410), quiet)
      services.endWatches()
      await expect.poll(() => server.requests.at(-1)?.url.search, PATIENCE).toContain('Initial')
      await expect.poll(() => failures, PATIENCE).toContainEqual(expect.stringContaining('again'))
      for (let looks = 0; looks < 20; looks += 1) {
        expect(following()).toBe(false)
        await delay(5)
      }
      server.dropConnections()
      await expect.poll(following, PATIENCE).toBe(true)
    })

    it('while a closed watch cannot be opened again', async () => {
      start()
      await synced()
      const before = server.requests.length
      server.next(silent)
      services.endWatches()
      await expect.poll(() => server.requests.length, PATIENCE).toBeGreaterThan(before)
      expect(following()).toBe(false)
      expect(failures).toEqual([])
      server.dropConnections()
      await expect.poll(following, PATIENCE).toBe(true)
    })

    it('except for a kind that the cluster does not have', async () => {
      services.endWatches()
      answerServices = status(404)
      start()
      await synced()
      await expect.poll(following, PATIENCE).toBe(true)
    })
  })

  it('is watched again after a bug', async () => {
    let bugs = 0
    start(() => {
      bugs += 1
      if (bugs === 1) throw new Error('sk-secret')
    })
    await synced()
    server.next(status(500))
    services.endWatches()
    services.put('wine')
    await expect.poll(() => puts, PATIENCE).toContain('team/wine')
    expect(failures).toEqual(['inferenceservices: bug: the watch failed; everything is read again'])
  })

  it('reports when each kind was last confirmed', async () => {
    const begun = performance.now()
    start()
    await synced()
    for (const { heardAt } of cluster.states()) expect(heardAt).toBeGreaterThan(begun)
  })

  it('stops at once when it is closed, even before it is in sync', async () => {
    answerConfigMaps = () => {}
    start()
    await cluster.close()
    expect(puts).toEqual([])
  })
})
