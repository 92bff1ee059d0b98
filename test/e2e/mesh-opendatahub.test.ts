import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { listAt } from '../../testing/json.ts'
import { meshConfig, shippedObjects } from '../../testing/mesh/installation.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { componentOf } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const PAGE = path.join(import.meta.dirname, '../../docs/istio/coming-from-authorino.md')

/** The policy that OpenDataHub's operator created. */
const KSERVE_PREDICTOR = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'kserve-predictor' },
  spec: {
    selector: { matchLabels: { component: 'predictor' } },
    action: 'CUSTOM',
    provider: { name: 'opendatahub-auth-provider' },
    rules: [
      {
        to: [
          {
            operation: {
              notPaths: ['/healthz', '/debug/pprof/', '/metrics', '/wait-for-drain', '/health'],
            },
          },
        ],
      },
    ],
  },
}

/** As on the page. */
async function providerOfPage(): Promise<unknown> {
  const blocks = [...(await readFile(PAGE, 'utf8')).matchAll(/```yaml\n([\s\S]*?)```/g)]
  const [block] = blocks.filter(([text]) => text.includes('envoyExtAuthzGrpc'))
  const [provider] = listAt(load(block?.[1] ?? ''))
  return provider
}

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'iris-transformer': { labels: componentOf('iris', 'transformer') },
    },
    objects: [
      inferenceService('team', 'iris', PROTECTED),
      keySecret('team', 'reader', KEY),
      KSERVE_PREDICTOR,
    ],
    shipped: ['service'],
  })
})
afterAll(() => mesh?.stop())

const ask = (to: string, given: { path?: string; headers?: Record<string, string> } = {}) =>
  mesh.ask({ to, host: `${to}.team`, ...given })

const GOOD = { headers: { 'x-api-key': KEY } }

describe('in place of Authorino', () => {
  it('nobody is admitted before the provider exists', async () => {
    expect(await ask('iris-predictor', GOOD)).toMatchObject({ status: 403, reached: [] })
  })

  it("the service decides for OpenDataHub's own policy once the provider is that of the page", async () => {
    const config = await meshConfig()
    await mesh.istiod.configure({
      ...config,
      extensionProviders: [...listAt(config, 'extensionProviders'), await providerOfPage()],
    })
    await expect.poll(async () => (await ask('iris-predictor', GOOD)).status).toBe(200)
    expect(await ask('iris-predictor')).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': 'Bearer realm="kubernetes-user"',
        'x-ext-auth-reason': 'credential not found',
      },
      reached: [],
    })
    expect((await ask('iris-transformer')).reached).toHaveLength(1)
  })

  it("the overlay also checks at transformers, and excludes no path that OpenDataHub's policy does not exclude", async () => {
    for (const object of await shippedObjects('overlays/opendatahub')) {
      await mesh.cluster.apply(object)
    }
    await expect.poll(async () => (await ask('iris-transformer')).status).toBe(401)
    expect((await ask('iris-predictor')).status).toBe(401)
    expect((await ask('iris-predictor', GOOD)).status).toBe(200)
    expect((await ask('iris-predictor', { path: '/healthz' })).reached).toHaveLength(1)
    // A path that only one of two policies leaves out is checked.
    expect((await ask('iris-predictor', { path: '/health' })).status).toBe(401)
  })

  it('a second provider at the same pods admits nobody', async () => {
    for (const object of await shippedObjects('workloads')) await mesh.cluster.apply(object)
    await expect.poll(async () => (await ask('iris-predictor', GOOD)).status).toBe(403)
    expect((await ask('iris-transformer', GOOD)).status).toBe(200)
  })
})
