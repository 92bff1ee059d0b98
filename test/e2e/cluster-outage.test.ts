import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { at } from '../../testing/json.ts'
import { startProxy, type TestProxy } from '../../testing/proxy.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
const KEY = 'a-key-of-sixteen-bytes'
const READER = keySecret('team', 'reader', KEY)

let cluster: Cluster
let proxy: TestProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startCluster({ crds: [CRDS.InferenceService, CRDS.InferenceGraph] })
  await cluster.apply(aNamespace('team'))
  await cluster.create(inferenceService('team', 'iris'))
})
afterAll(() => cluster?.stop())

beforeEach(async () => {
  proxy = await startProxy(cluster.site.apiPort)
  await cluster.apply(READER)
})
afterEach(async () => {
  await service?.stop()
  await proxy?.stop()
})

/** The program, which can reach the API server only through the proxy. */
async function start() {
  service = await startClusterService({
    kubeconfig: await install(cluster, 'rbac.yaml', proxy.port),
  })
}

const ask = (asked: Asked) => verdictOf(service.gateway, asked)

const becomes = (verdict: Verdict, asked: Asked) =>
  expect.poll(() => ask(asked), PATIENCE).toBe(verdict)

/**
 * Repeats requests whose answers must not change, without a pause, until it is stopped; returns every other answer.
 */
function underLoad() {
  const wrong = new Set<string>()
  let stopped = false
  let answers = 0
  const expected = [
    [{ token: KEY }, 'allow'],
    [{ token: `${KEY}-other` }, 'unknown-api-key'],
    [{}, 'missing-credential'],
    [{ host: 'nobody.example.com' }, 'unknown-target'],
  ] as const
  const run = async () => {
    while (!stopped) {
      for (const [asked, verdict] of expected) {
        const given = await ask(asked)
        answers += 1
        if (given !== verdict) wrong.add(`${given} instead of ${verdict}`)
      }
    }
  }
  const running = Promise.all([run(), run(), run()])
  return async () => {
    stopped = true
    await running
    return { wrong: [...wrong], answers }
  }
}

describe('before all objects are known', () => {
  it('nothing is served: every check is denied, and proxies see NOT_SERVING', async () => {
    proxy.become('refuse')
    await start()
    expect(await ask({ token: KEY })).toBe('not-synced')
    expect(await verdictOf(service.workload, { pod: '10.0.0.1' })).toBe('not-synced')
    expect(await service.gateway.health('')).toEqual({ status: 'NOT_SERVING' })
    expect(await service.read('/readyz')).toHaveProperty('status', 503)
    expect(await service.read('/livez')).toHaveProperty('status', 200)
    expect((await service.read('/readyz?verbose')).text).toMatch(
      /^\[-\]secrets failed: the API server cannot be reached/m,
    )
    proxy.become('pass')
    await service.ready()
    expect(await ask({ token: KEY })).toBe('allow')
    await expect.poll(() => service.gateway.health(''), PATIENCE).toEqual({ status: 'SERVING' })
  })
})

describe('while the API server is unavailable', () => {
  it('known objects keep working under load, and changes count after it is back', async () => {
    await start()
    await service.ready()
    const stop = underLoad()
    await cluster.stopApiServer()
    await expect
      .poll(() => service.log, PATIENCE)
      .toContainEqual(expect.objectContaining({ level: 'warn' }))
    expect(await service.read('/readyz')).toHaveProperty('status', 200)
    expect((await service.read('/metrics')).text).toMatch(
      /^kserve_authz_watch_age_seconds\{resource="secrets"\} \d/m,
    )
    // The cluster has no such kind, and now it is unknown whether that is still so.
    await expect
      .poll(async () => (await service.read('/readyz?verbose')).text, PATIENCE)
      .toMatch(/^\[\+\]accesspolicies ok: the API server cannot be reached/m)
    await cluster.startApiServer()
    await cluster.create(keySecret('team', 'writer', `${KEY}-new`))
    await becomes('allow', { token: `${KEY}-new` })
    const { wrong, answers } = await stop()
    expect(wrong).toEqual([])
    expect(answers).toBeGreaterThan(100)
    await cluster.delete(READER)
    await becomes('unknown-api-key', { token: KEY })
  })

  it('objects deleted meanwhile are gone afterwards, although the deletion event is lost', async () => {
    await start()
    await service.ready()
    proxy.become('refuse')
    proxy.reset()
    await cluster.delete(READER)
    await cluster.compact()
    await cluster.stopApiServer()
    await cluster.startApiServer()
    expect(await ask({ token: KEY })).toBe('allow')
    proxy.become('pass')
    await becomes('unknown-api-key', { token: KEY })
    expect(service.log.map((line) => at(line, 'msg'))).toContain(
      'the API server no longer has the changes since the last one; everything is read again',
    )
  })
})

describe('while etcd is unavailable', () => {
  it('known objects keep working under load, and changes count after it is back', async () => {
    await start()
    await service.ready()
    const stop = underLoad()
    await cluster.restartEtcd()
    await cluster.compact()
    await cluster.restartEtcd()
    await cluster.create(keySecret('team', 'etcd', `${KEY}-etcd`))
    await becomes('allow', { token: `${KEY}-etcd` })
    expect((await stop()).wrong).toEqual([])
    await cluster.delete(READER)
    await becomes('unknown-api-key', { token: KEY })
    await cluster.delete(keySecret('team', 'etcd', ''))
    await becomes('unknown-api-key', { token: `${KEY}-etcd` })
  })
})

describe('a network', () => {
  it('that keeps resetting connections loses no change', async () => {
    await start()
    await service.ready()
    const stop = underLoad()
    for (let index = 0; index < 5; index += 1) {
      proxy.reset()
      const key = `${KEY}-${index}`
      const secret = keySecret('team', `key-${index}`, key)
      await cluster.create(secret)
      await becomes('allow', { token: key })
      proxy.reset()
      await cluster.delete(secret)
      await becomes('unknown-api-key', { token: key })
    }
    expect((await stop()).wrong).toEqual([])
  })

  it('that passes few bytes at a time only causes delays', async () => {
    proxy.become('drip')
    await start()
    await service.ready()
    expect(await ask({ token: KEY })).toBe('allow')
    await cluster.delete(READER)
    await becomes('unknown-api-key', { token: KEY })
  })
})
