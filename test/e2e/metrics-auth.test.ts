import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { install } from '../../testing/cluster/installation.ts'
import { API_FAULTS, type ClusterProxy, startClusterProxy } from '../../testing/cluster/proxy.ts'
import { type ClusterService, startClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'
import { run } from '../../testing/command-line.ts'
import { renderWith } from '../../testing/deployment/overlay.ts'
import { applyServerSide } from '../../testing/deployment/render.ts'
import { TEAM } from '../../testing/envoy/team.ts'

const PATIENCE = { timeout: 60_000, interval: 20 }
const NAMESPACE = 'kserve-authz'
const READER = 'kserve-authz-metrics'

let cluster: TokenCluster
let proxy: ClusterProxy
let service: ClusterService

beforeAll(async () => {
  cluster = await startTokenCluster()
  proxy = await startClusterProxy(cluster.site)
  const kubeconfig = await install(cluster, 'rbac.yaml', proxy.port)
  await applyServerSide(cluster, await renderWith(['metrics-auth']))
  const http = { address: '127.0.0.1:0', auth: 'tokenReview' }
  service = await startClusterService({ kubeconfig, config: { http } })
  await service.ready()
})
afterAll(async () => {
  await service?.stop()
  await cluster?.stop()
  await proxy?.close()
})

async function read(token?: string, page = '/metrics') {
  const headers: Record<string, string> = {}
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await fetch(`http://127.0.0.1:${service.httpPort}${page}`, { headers })
  return { status: response.status, text: await response.text() }
}

const statusFor = async (token?: string, page?: string) => (await read(token, page)).status

describe('with `http.auth: tokenReview`', () => {
  it('probes need no token, everything else does', async () => {
    expect(await statusFor(undefined, '/livez')).toBe(200)
    expect(await statusFor(undefined, '/readyz')).toBe(200)
    expect(await statusFor()).toBe(401)
    expect(await statusFor(undefined, '/anything')).toBe(401)
  })

  it('the account of the component reads the metrics', async () => {
    const { status, text } = await read(await cluster.tokenFor(NAMESPACE, READER))
    expect(status).toBe(200)
    expect(text).toContain('kserve_authz_build_info')
  })

  it('another account does not, and is told so by its name', async () => {
    const { status, text } = await read(await cluster.tokenFor('team', 'reader'))
    expect([status, text]).toEqual([
      403,
      'user "system:serviceaccount:team:reader" cannot get path "/metrics"\n',
    ])
  })

  it('the last denials need the same token', async () => {
    const replica = ['--replica', `http://127.0.0.1:${service.httpPort}`]
    const asked = (...args: readonly string[]) =>
      run('services', '--manifests', TEAM, ...replica, ...args)
    const askedAs = async (namespace: string, name: string) => {
      const file = path.join(cluster.site.folder, `token-of-${name}`)
      await writeFile(file, await cluster.tokenFor(namespace, name))
      return asked('--replica-token-file', file)
    }
    const answers = await Promise.all([
      askedAs(NAMESPACE, READER),
      asked(),
      askedAs('team', 'reader'),
    ])

    expect(answers.map(({ code, stdout }) => [code, stdout.split('\n')[0]])).toEqual([
      [0, expect.stringMatching(/ LAST DENIAL$/)],
      [3, ''],
      [3, ''],
    ])
    expect(answers.map(({ stderr }) => /status \d+/.exec(stderr)?.[0])).toEqual([
      undefined,
      'status 401',
      'status 403',
    ])
  })

  it.each(['a-text', 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA'])('%s is no token', async (token) => {
    expect(await statusFor(token)).toBe(401)
  })

  it('many readers with one new token are one review of each kind, and a later one is none', async () => {
    const token = await cluster.tokenFor(NAMESPACE, READER)
    const asked = () => ['tokenreviews', 'subjectaccessreviews'].map(proxy.asked)
    const before = asked()
    const statuses = await Promise.all(Array.from({ length: 32 }, () => statusFor(token)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    const after = asked()
    expect(after[0]).toBe(Number(before[0]) + 1)
    expect(after[1]).toBeLessThanOrEqual(Number(before[1]) + 1)
    expect(await statusFor(token)).toBe(200)
    expect(asked()).toEqual(after)
  })

  it('a binding that is deleted ends the permission, and a new one grants it', async () => {
    const token = await cluster.tokenFor(NAMESPACE, READER)
    const binding = (await renderWith(['metrics-auth'])).find(
      ({ kind, metadata }) => kind === 'ClusterRoleBinding' && metadata.name === READER,
    )
    if (binding === undefined) throw new Error('the component has no binding')
    await cluster.delete(binding)
    await expect.poll(() => statusFor(token), PATIENCE).toBe(403)
    await cluster.create(binding)
    await expect.poll(() => statusFor(token), PATIENCE).toBe(200)
  })

  it('a new token gets 503 while the API server fails, and 200 afterwards', async () => {
    const token = await cluster.tokenFor(NAMESPACE, READER)
    proxy.fail('tokenreviews', API_FAULTS['a status of 500'])
    expect(await statusFor(token)).toBe(503)
    proxy.fail('tokenreviews', undefined)
    await expect.poll(() => statusFor(token), PATIENCE).toBe(200)
  })
})
