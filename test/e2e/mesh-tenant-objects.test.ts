import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { freePort } from '../../testing/free-ports.ts'
import { ALLOWING, type FakeAuthz, startFakeAuthz } from '../../testing/mesh/fake-authz.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { shippedObjects } from '../../testing/mesh/installation.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf } from '../../testing/mesh/pods.ts'
import { importing, redirection } from '../../testing/mesh/redirection.ts'

const OPEN_HOST = 'open-tenant.example.com'
const VICTIM = 'victim-predictor.team.svc.cluster.local'

const PATIENCE = { timeout: 60_000, interval: 200 }

const routeOf = (host: string) =>
  virtualService('tenant', 'open', {
    hosts: [OPEN_HOST],
    gateways: [INGRESS],
    http: [{ route: [destination(host)] }],
  })

let mesh: Mesh
let fake: FakeAuthz
let fakePort = 0
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'iris-predictor': { labels: componentOf('iris') },
      'victim-predictor': { labels: componentOf('victim'), sidecar: false },
      'open-predictor': { namespace: 'tenant', labels: componentOf('open') },
    },
    config: { ownersMay: { optOut: false } },
    objects: [
      inferenceService('team', 'iris', PROTECTED),
      inferenceService('team', 'victim', PROTECTED),
      {
        ...inferenceService('tenant', 'open', {}),
        status: { url: `http://${OPEN_HOST}` },
      },
      keySecret('team', 'reader', 'a-key-of-sixteen-bytes'),
      routeOf('open-predictor.tenant.svc.cluster.local'),
    ],
  })
  fakePort = await freePort()
  fake = await startFakeAuthz(ALLOWING, [fakePort])
})
afterAll(async () => {
  await fake?.close()
  await mesh?.stop()
})

const answer = async (to: string, host: string) => {
  const { status, reached } = await mesh.ask({ to, host })
  return [status, ...reached.map(({ pod }) => pod)]
}

const atIris = () => answer('iris-predictor', 'iris-predictor.team')
const atGateway = () => answer('gateway', OPEN_HOST)

const imported = (...hosts: string[]) => importing(mesh.podNamed('iris-predictor'), hosts)

describe('without istio/admission/ a tenant with write access to Istio objects', () => {
  it('can send the checks of its models to its own server', async () => {
    await expect.poll(atIris).toEqual([401])
    await mesh.cluster.apply(imported('./*'))
    await expect.poll(atIris).toEqual([503])
    for (const object of redirection('team', fakePort)) await mesh.cluster.apply(object)
    await expect.poll(atIris, PATIENCE).toEqual([200, 'iris-predictor'])

    for (const object of redirection('team', fakePort)) await mesh.cluster.delete(object)
    await expect.poll(atIris, PATIENCE).toEqual([503])
    await mesh.cluster.apply(imported('kserve-authz/*'))
    await expect.poll(atIris).toEqual([401])
  })

  it('can reach the models of others through a shared gateway if their pods make no checks', async () => {
    expect(await atGateway()).toEqual([200, 'open-predictor'])
    await mesh.cluster.apply(routeOf(VICTIM))
    await expect.poll(atGateway).toEqual([200, 'victim-predictor'])

    await mesh.cluster.apply(routeOf('open-predictor.tenant.svc.cluster.local'))
    await expect.poll(atGateway).toEqual([200, 'open-predictor'])
  })
})

describe('with istio/admission/', () => {
  const applied = (object: Parameters<Mesh['cluster']['apply']>[0]) =>
    mesh.cluster.apply(object).then(
      () => 'taken',
      (fault: unknown) => String(fault),
    )
  const REFUSAL = /ValidatingAdmissionPolicy '[a-z]+\.kserve-authz\.io'/
  const REFUSED = expect.stringMatching(REFUSAL)

  beforeAll(async () => {
    for (const object of await shippedObjects('admission')) await mesh.cluster.apply(object)
    await until('nothing is refused', async () =>
      REFUSAL.test(await applied(imported('./*'))) ? true : undefined,
    )
    await mesh.cluster.apply(imported('kserve-authz/*'))
  })

  it('no object that redirects checks is accepted', async () => {
    for (const object of redirection('team', fakePort))
      expect(await applied(object)).toEqual(REFUSED)
    expect(await applied(imported('./*'))).toEqual(REFUSED)
    await expect.poll(atIris).toEqual([401])
  })

  it('no route into a namespace of others is accepted', async () => {
    expect(await applied(routeOf(VICTIM))).toEqual(REFUSED)
    expect(await atGateway()).toEqual([200, 'open-predictor'])
  })

  it('objects that do not affect the service are accepted', async () => {
    expect(await applied(imported('./*', 'kserve-authz/*'))).toBe('taken')
    expect(await applied(routeOf('open-predictor.tenant.svc.cluster.local'))).toBe('taken')
    await expect.poll(atIris).toEqual([401])
  })
})
