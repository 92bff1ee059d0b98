import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApiServer } from '../../../src/kubernetes/client/api-server.ts'
import { findCluster } from '../../../src/kubernetes/client/find-cluster.ts'
import { inCluster, TOKEN_PERIOD_MS } from '../../../src/kubernetes/client/in-cluster.ts'
import {
  type FakeApiServer,
  fakeCertificates,
  json,
  startFakeApiServer,
  status,
} from '../../../testing/cluster/api-server.ts'

let certificates: Awaited<ReturnType<typeof fakeCertificates>>
let server: FakeApiServer
/** What Kubernetes mounts into a pod. */
let folder: string

beforeAll(async () => {
  certificates = await fakeCertificates()
})

beforeEach(async () => {
  server = await startFakeApiServer(certificates, json({ answer: 42 }))
  folder = await mkdtemp(path.join(tmpdir(), 'in-cluster-'))
  await mount('token', 'first\n')
  await mount('ca.crt', certificates.ca)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', new URL(server.url).port)
  vi.stubEnv('KUBECONFIG', '')
  vi.stubEnv('HOME', folder)
})

afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await server.close()
  await rm(folder, { recursive: true })
})

const mount = (name: string, text: string) => writeFile(path.join(folder, name), text)

const aRequest = () => ({
  method: 'GET' as const,
  path: '/api',
  signal: AbortSignal.timeout(10_000),
})

const tokens = () => server.requests.map(({ headers }) => headers.authorization)

describe('in a pod', () => {
  it('the API server is called with the token, and trusted with the CA, of the ServiceAccount', async () => {
    const api = createApiServer(inCluster(folder))
    expect(await api.send(aRequest())).toEqual({ answer: 42 })
    expect(tokens()).toEqual(['Bearer first'])
    api.close()
  })

  it('an API server with a certificate of another CA is not trusted', async () => {
    const other = await fakeCertificates()
    await mount('ca.crt', other.ca)
    const api = createApiServer(inCluster(folder))
    await expect(api.send(aRequest())).rejects.toThrow(/certificate|signature/)
    expect(server.requests).toEqual([])
    api.close()
  })

  it('a renewed token is used after a minute', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const api = createApiServer(inCluster(folder))
    await mount('token', 'second')
    for (const passed of [TOKEN_PERIOD_MS - 1, 1]) {
      vi.advanceTimersByTime(passed)
      await api.send(aRequest())
    }
    expect(tokens()).toEqual(['Bearer first', 'Bearer second'])
    api.close()
  })

  it('a renewed token is used at once if the API server refuses the old one', async () => {
    const readAccess = await findCluster(folder)
    const api = createApiServer(readAccess(), readAccess)
    await mount('token', 'second')
    server.next(status(401))
    await expect(api.send(aRequest())).rejects.toHaveProperty('status', 401)
    await api.send(aRequest())
    expect(tokens()).toEqual(['Bearer first', 'Bearer second'])
    api.close()
  })

  it('the old token is used while the new one is not written', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const api = createApiServer(inCluster(folder))
    for (const token of ['', 'second']) {
      await mount('token', token)
      vi.advanceTimersByTime(TOKEN_PERIOD_MS)
      await api.send(aRequest())
    }
    expect(tokens()).toEqual(['Bearer first', 'Bearer second'])
    api.close()
  })

  it('an IPv6 address is written in brackets', () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
    expect(inCluster(folder, env).getCurrentCluster()).toEqual({ server: 'https://[fd00::1]:443' })
  })

  it.each([
    ['KUBERNETES_SERVICE_HOST', {}],
    ['KUBERNETES_SERVICE_PORT', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
  ])('it is an error if %s is missing', (name, env) => {
    expect(() => inCluster(folder, env)).toThrow(name)
  })

  it.each(['token', 'ca.crt'])('it is an error if %s is empty or missing', async (name) => {
    await mount(name, '\n')
    expect(() => inCluster(folder)).toThrow(`${name} of the pod's ServiceAccount is empty`)
    await rm(path.join(folder, name))
    expect(() => inCluster(folder)).toThrow(name)
  })
})

describe('the cluster', () => {
  const KUBECONFIG = JSON.stringify({
    clusters: [{ name: 'other', cluster: { server: 'https://other.example.com' } }],
    contexts: [{ name: 'other', context: { cluster: 'other', user: 'other' } }],
    users: [{ name: 'other', user: {} }],
    'current-context': 'other',
  })
  const serverFound = async (mounted = folder) =>
    (await findCluster(mounted))().getCurrentCluster()?.server

  it('is that of the pod if there is no kubeconfig', async () => {
    expect(await serverFound()).toBe(server.url)
  })

  it('is that of KUBECONFIG, even in a pod', async () => {
    await mount('kubeconfig', KUBECONFIG)
    vi.stubEnv('KUBECONFIG', path.join(folder, 'kubeconfig'))
    expect(await serverFound()).toBe('https://other.example.com')
  })

  it('is that of the kubeconfig in the home folder, even in a pod', async () => {
    await mkdir(path.join(folder, '.kube'))
    await mount('.kube/config', KUBECONFIG)
    expect(await serverFound()).toBe('https://other.example.com')
  })

  it('is missing outside a pod without a kubeconfig', async () => {
    await expect(serverFound(path.join(folder, 'none'))).rejects.toThrow('no cluster')
  })

  it('is watched from a pod without the large client-node', () => {
    const urlOf = (file: string) => new URL(`../../../src/${file}`, import.meta.url).href
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ resolve: (name, context, next) => {
        if (name.startsWith('@kubernetes/')) throw new Error('loads ' + name)
        return next(name, context)
      } })`
    const program = `await import('${urlOf('app/cluster-source.ts')}')
      const { findCluster } = await import('${urlOf('kubernetes/client/find-cluster.ts')}')
      console.log((await findCluster(process.argv[1]))().getCurrentCluster().server)`
    const loading = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]
    const printed = execFileSync(
      process.execPath,
      [...loading, '--input-type=module', '--eval', program, folder],
      { encoding: 'utf8' },
    )
    expect(printed.trim()).toBe(server.url)
  })
})
