import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, type Verdict, verdictOf } from '../../testing/cluster/asking.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { aNamespace, install } from '../../testing/cluster/installation.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { API_FAULTS, type ClusterProxy, startClusterProxy } from '../../testing/cluster/proxy.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { textAt } from '../../testing/json.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }
const KEY = 'a-key-of-sixteen-bytes'
const IRIS = inferenceService('team', 'iris')
const WINE = { host: 'wine.team.svc' }
const SECRETS = 1_200

let cluster: Cluster
let proxy: ClusterProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.apply(aNamespace('team'))
  await cluster.create(IRIS)
  await cluster.create(inferenceService('team', 'wine', {}))
  proxy = await startClusterProxy(cluster.site)
})
afterAll(async () => {
  await proxy?.close()
  await cluster?.stop()
})

/** The program, which can reach the API server only through the proxy. */
async function start() {
  service = await startClusterService({
    kubeconfig: await install(cluster, 'rbac.yaml', proxy.port),
  })
}

const becomes = (verdict: Verdict, asked: Asked) =>
  expect.poll(() => verdictOf(service.gateway, asked), PATIENCE).toBe(verdict)

const messages = () => service.log.map((line) => textAt(line, 'msg'))

describe('when watches are answered with', () => {
  beforeAll(async () => {
    await start()
    await service.ready()
  })
  afterAll(() => service?.stop())

  /** Half a minute of silence is part of another suite. */
  const faults = Object.entries(API_FAULTS).filter(([title]) => title !== 'nothing at all')
  const protect = (value: string | null) =>
    cluster.patch(inferenceService('team', 'wine'), {
      metadata: { annotations: { 'security.opendatahub.io/enable-auth': value } },
    })

  it.each(faults)(
    '%s, known objects keep working, and later changes count as soon as the fault ends',
    async (title, fault) => {
      const key = `${KEY} ${title}`.replaceAll(' ', '-')
      const secret = keySecret('team', 'reader', key)
      await cluster.create(secret)
      await becomes('allow', { token: key })
      await becomes('allow', WINE)
      const [before, asked] = [service.log.length, proxy.asked('secrets')]
      for (const kind of ['secrets', 'inferenceservices']) proxy.fail(kind, fault)
      proxy.cut()
      await cluster.delete(secret)
      await protect('true')
      await expect.poll(() => proxy.asked('secrets') - asked, PATIENCE).toBeGreaterThan(3)
      for (let tries = 0; tries < 20; tries += 1) {
        expect(await verdictOf(service.gateway, { token: key })).toBe('allow')
        expect(await verdictOf(service.gateway, WINE)).toBe('allow')
        expect(await verdictOf(service.gateway, {})).toBe('missing-credential')
      }
      expect((await service.read('/readyz')).status).toBe(200)
      expect(JSON.stringify(service.log.slice(before))).not.toContain('marker')
      for (const kind of ['secrets', 'inferenceservices']) proxy.fail(kind, undefined)
      await becomes('unknown-api-key', { token: key })
      await becomes('missing-credential', WINE)
      await protect(null)
    },
  )
})

describe('when streaming lists are refused, as before Kubernetes 1.27', () => {
  const keyOf = (index: number) => `${KEY}-${index}`
  const secretOf = (index: number) => keySecret('team', `key-${index}`, keyOf(index))
  const known = async () =>
    /^kserve_authz_api_keys (\d+)$/m.exec((await service.read('/metrics')).text)?.[1]

  beforeAll(async () => {
    let next = 0
    const run = async () => {
      for (let index = next++; index < SECRETS; index = next++) {
        await cluster.create(secretOf(index))
      }
    }
    await Promise.all(Array.from({ length: 16 }, run))
    proxy.fail('', API_FAULTS['a status of 422'], /sendInitialEvents/)
  })
  afterEach(async () => {
    await service?.stop()
  })
  afterAll(() => proxy.fail('', undefined))

  it('lists are read page by page, and then watched', async () => {
    const before = proxy.asked('secrets')
    await start()
    await service.ready()
    expect(await known()).toBe(String(SECRETS))
    // Two refusals, three pages of keys and one of tokens, and a watch of each.
    expect(proxy.asked('secrets') - before).toBe(2 + 3 + 1 + 2)
    expect(messages().filter((message) => message.includes('status'))).toEqual([])
    await becomes('allow', { token: keyOf(SECRETS - 1) })
    await cluster.delete(secretOf(SECRETS - 1))
    await becomes('unknown-api-key', { token: keyOf(SECRETS - 1) })
    await cluster.create(secretOf(SECRETS - 1))
    await becomes('allow', { token: keyOf(SECRETS - 1) })
  })

  it('a list whose second page is Gone starts again', async () => {
    const release = proxy.hold(/secrets.*continue=/)
    await start()
    await expect.poll(proxy.held, PATIENCE).toBe(1)
    await cluster.delete(secretOf(0))
    await cluster.stopApiServer()
    await cluster.compact()
    await cluster.startApiServer()
    release()
    await service.ready()
    expect(messages()).toContain(
      'the API server no longer has the changes since the last one; everything is read again',
    )
    expect(await verdictOf(service.gateway, { token: keyOf(0) })).toBe('unknown-api-key')
    expect(await verdictOf(service.gateway, { token: keyOf(1) })).toBe('allow')
    expect(await known()).toBe(String(SECRETS - 1))
  })
})
