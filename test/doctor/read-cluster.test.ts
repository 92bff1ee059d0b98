import { expect, it } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { readCluster } from '../../src/doctor/read-cluster.ts'
import { ApiError, type ApiRequest } from '../../src/kubernetes/client/api-server.ts'
import { OPTIONS } from './sound.ts'

const DEPLOYMENT = {
  metadata: {
    name: 'kserve-authz',
    namespace: 'kserve-authz',
    resourceVersion: '1',
    labels: { 'app.kubernetes.io/name': 'kserve-authz' },
  },
  spec: {
    replicas: 2,
    template: {
      spec: {
        containers: [{ name: 'kserve-authz', volumeMounts: [{ name: 'tls', mountPath: '/tls' }] }],
        volumes: [{ name: 'tls', secret: { secretName: 'kserve-authz-tls' } }],
      },
    },
  },
  status: { availableReplicas: 2 },
}
const SECRETS = '/api/v1/namespaces/kserve-authz/secrets'
const LIMITS = { requestMs: 10_000, signal: new AbortController().signal }

/** An API server with the Deployment, and what it was asked for Secrets. */
function createApi(secrets: () => readonly unknown[]) {
  const asked: unknown[] = []
  const itemsOf = ({ path }: ApiRequest): readonly unknown[] => {
    const { pathname, searchParams } = new URL(path, 'http://127.0.0.1')
    if (pathname.endsWith('/secrets')) {
      asked.push([pathname, searchParams.get('fieldSelector')])
      return secrets()
    }
    return pathname.endsWith('/deployments') ? [DEPLOYMENT] : []
  }
  const send = async (request: ApiRequest): Promise<unknown> => ({
    metadata: { resourceVersion: '1' },
    items: itemsOf(request),
  })
  return { asked, send }
}

it('reads only the Secret with the certificate of the service', async () => {
  const metadata = { name: 'kserve-authz-tls', namespace: 'kserve-authz', resourceVersion: '1' }
  const data = { 'tls.crt': Buffer.from('2025-12-01 2026-02-28').toString('base64') }
  const api = createApi(() => [{ metadata, data }])
  const objects = await readCluster(api, LIMITS, OPTIONS.certFile)
  expect(api.asked).toEqual([[SECRETS, 'metadata.name=kserve-authz-tls']])
  expect(examine(objects, OPTIONS).findings).toMatchObject([{ code: 'certificate-not-valid' }])
})

it('reads no Secret without TLS', async () => {
  const api = createApi(() => [])
  await readCluster(api, LIMITS, undefined)
  expect(api.asked).toEqual([])
})

it('says that it may not list the Secret', async () => {
  const api = createApi(() => {
    throw new ApiError(403)
  })
  const objects = await readCluster(api, LIMITS, OPTIONS.certFile)
  expect(examine(objects, OPTIONS).findings).toMatchObject([
    { code: 'not-read', object: 'Secret', message: 'missing permission: list secrets' },
  ])
})
