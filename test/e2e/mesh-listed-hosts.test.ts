import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { keySecret } from '../support/cluster-objects.ts'
import { inferenceService, PROTECTED } from '../support/cluster-rbac.ts'
import { INGRESS } from '../support/istio/gateways.ts'
import { type Mesh, startMesh } from '../support/istio/mesh.ts'
import { destination, virtualService } from '../support/istio/objects.ts'
import { componentOf } from '../support/istio/pods.ts'
import { textAt } from '../support/json.ts'

const KEY = 'a-key-of-sixteen-bytes'
/** As the component of listed hosts has it. */
const LISTED = 'sklearn-iris-team.example.com'
const INGRESS_POLICY = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'kserve-authz-ingress-gateway' },
}

let mesh: Mesh
beforeAll(async () => {
  const iris = inferenceService('team', 'sklearn-iris', PROTECTED)
  mesh = await startMesh({
    pods: { 'sklearn-iris-predictor': { labels: componentOf('sklearn-iris') } },
    objects: [
      { ...iris, status: { url: `http://${LISTED}` } },
      keySecret('team', 'reader', KEY),
      virtualService('team', 'sklearn-iris', {
        hosts: [LISTED, 'unlisted.example.com'],
        gateways: [INGRESS],
        http: [{ route: [destination('sklearn-iris-predictor.team.svc.cluster.local')] }],
      }),
    ],
    shipped: ['overlays/default', 'overlays/gateways-listed-hosts'],
  })
})
afterAll(() => mesh?.stop())

/** Who denied a request without credential. */
async function deniedAt(host: string): Promise<string> {
  const path = `/v1/models/${randomUUID()}`
  expect(await mesh.ask({ to: 'gateway', host, path })).toMatchObject({
    status: 401,
    reached: [],
  })
  const { decisions } = mesh.service.now()
  const line = await until('the decision', async () =>
    decisions.find((each) => textAt(each, 'path') === path),
  )
  return textAt(line, 'position')
}

describe('a gateway that asks for listed hosts', () => {
  it.each([
    LISTED,
    `${LISTED}:8080`,
    `${LISTED}:80`,
    LISTED.toUpperCase(),
    `${LISTED.toUpperCase()}:8080`,
  ])('asks for %s', async (host) => {
    expect(await deniedAt(host)).toBe('gateway')
  })

  it.each([`${LISTED}.`, `${LISTED}.:8080`, `${LISTED}:`, `${LISTED}:8080:8080`, `x@${LISTED}`])(
    'does not let %s through',
    async (host) => {
      const headers = { 'x-api-key': KEY }
      const { status, reached } = await mesh.ask({ to: 'gateway', host, headers })
      expect([400, 403, 404]).toContain(status)
      expect(reached).toEqual([])
    },
  )

  it('leaves other hosts to the pods', async () => {
    expect(await deniedAt('unlisted.example.com')).toBe('workload')
  })
})

describe('a gateway that asks by', () => {
  const askFor = (operation: object) =>
    mesh.cluster.patch(INGRESS_POLICY, { spec: { rules: [{ to: [{ operation }] }] } })

  it('a wildcard in front of hosts misses those with a port', async () => {
    await askFor({ notHosts: ['*'] })
    await expect.poll(() => deniedAt(LISTED)).toBe('workload')
    await askFor({ hosts: ['*-team.example.com', '*-team.example.com:*'] })
    await expect.poll(() => deniedAt(LISTED)).toBe('gateway')
    expect(await deniedAt(`${LISTED}:8080`)).toBe('workload')
  })

  it('notHosts asks for every other host, with and without a port', async () => {
    await askFor({ notHosts: ['unlisted.example.com', 'unlisted.example.com:*'] })
    await expect.poll(() => deniedAt('unlisted.example.com')).toBe('workload')
    expect(await deniedAt('unlisted.example.com:8080')).toBe('workload')
    expect(await deniedAt(LISTED)).toBe('gateway')
    expect(await deniedAt(`${LISTED}:8080`)).toBe('gateway')
  })
})
