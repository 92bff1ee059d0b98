import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keySecret } from '../../testing/cluster/objects.ts'
import { inferenceService, PROTECTED } from '../../testing/cluster/rbac.ts'
import { textAt } from '../../testing/json.ts'
import { meshConfig } from '../../testing/mesh/installation.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { componentOf } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const POLICY = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace: 'istio-system', name: 'kserve-authz-predictor' },
}

let folder: string
let mesh: Mesh
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'access-log-'))
  mesh = await startMesh({
    pods: { 'iris-predictor': { labels: componentOf('iris') } },
    objects: [inferenceService('team', 'iris', PROTECTED), keySecret('team', 'reader', KEY)],
    shipped: ['overlays/default', 'access-log'],
  })
  // Envoy's standard output is not separate here.
  const config = JSON.stringify(await meshConfig())
  await mesh.istiod.configure(JSON.parse(config.replace('/dev/stdout', path.join(folder, 'log'))))
})
afterAll(async () => {
  await mesh?.stop()
  await rm(folder, { recursive: true, force: true })
})

const logged = () => readFile(path.join(folder, 'log'), 'utf8').catch(() => '')

async function lineOf(asked: string): Promise<unknown> {
  const lines = (await logged()).split('\n').filter((line) => line !== '')
  return lines
    .map((line): unknown => JSON.parse(line))
    .findLast((line) => textAt(line, 'path') === asked)
}

/** Repeats a request until it is logged, with this status. */
async function logOf(asked: string, status: number, headers = {}): Promise<unknown> {
  await expect
    .poll(async () => {
      const path = `${asked}?secret=${KEY}`
      await mesh.ask({ to: 'iris-predictor', host: 'iris-predictor.team', path, headers })
      return lineOf(asked)
    })
    .toMatchObject({ status })
  return lineOf(asked)
}

const NOTHING_SAID = {
  authz_service: null,
  authz_user: null,
  authz_credential: null,
  authz_reason: null,
}

describe("Envoy's access log", () => {
  it("contains the service's reason for a denial", async () => {
    expect(await logOf('/denied', 401)).toMatchObject({
      flags: 'UAEX',
      details: 'ext_authz_denied',
      authz_service: 'InferenceService/team/iris',
      authz_reason: 'missing-credential',
      authz_user: null,
    })
  })

  it('contains the caller that was allowed, and its credential kind', async () => {
    expect(await logOf('/v1/models/m', 200, { 'x-api-key': KEY })).toMatchObject({
      details: 'via_upstream',
      authz_service: 'InferenceService/team/iris',
      authz_user: 'apikey:team/reader',
      authz_credential: 'team/reader',
      authz_reason: null,
    })
  })

  it('contains neither if the service was not called', async () => {
    expect(await logOf('/metrics', 200)).toMatchObject({ details: 'via_upstream', ...NOTHING_SAID })
  })

  it('shows that the service did not answer', async () => {
    await mesh.service.stop()
    expect(await logOf('/outage', 503)).toMatchObject({
      flags: 'UAEX',
      details: 'ext_authz_error',
      ...NOTHING_SAID,
    })
    await mesh.service.start()
  })

  it('shows that Istio does not know the provider', async () => {
    await mesh.cluster.patch(POLICY, { spec: { provider: { name: 'kserve-authz-worklaod' } } })
    expect(await logOf('/misspelt', 403)).toMatchObject({
      details: expect.stringMatching(/^rbac_access_denied_matched_policy\[.*bad-CUSTOM-action/),
      ...NOTHING_SAID,
    })
  })

  it('contains no query and no credential', async () => {
    expect(await logged()).not.toContain(KEY)
  })
})
