import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get } from '../../scripts/child.ts'
import { fakeCertificates } from '../../testing/cluster/api-server.ts'
import { TEAM } from '../../testing/envoy/team.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../../testing/issuers/provider.ts'
import { type Service, startService } from '../../testing/service.ts'

const PATIENCE = { timeout: 60_000, interval: 10 }

let folder: string
let issuer: Server
let service: Service | undefined
let ca: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tls-'))
  const made = await fakeCertificates()
  ca = made.ca
  const fileOf = (name: string) => path.join(folder, name)
  await writeFile(fileOf('ca.crt'), made.ca)
  await writeFile(fileOf('tls.crt'), made.cert)
  await writeFile(fileOf('tls.key'), made.key)
  const keys = JSON.stringify({ keys: [createSigner().jwk] })
  issuer = createServer(
    { key: made.key, cert: made.cert, maxVersion: 'TLSv1.2' },
    (_request, response) => {
      // Keys are fetched over a new connection, once the gRPC port is open.
      response.writeHead(service === undefined ? 503 : 200, { connection: 'close' }).end(keys)
    },
  )
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  const address = issuer.address()
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const files = { certFile: fileOf('tls.crt'), keyFile: fileOf('tls.key') }
  service = await startService({
    folder: TEAM,
    config: {
      grpc: { tls: { ...files, minVersion: 'TLSv1.3' } },
      jwt: { providers: [providerOf({ issuer: url, jwksUri: `${url}/keys` })] },
    },
    program: () => ({
      command: ['env', `NODE_EXTRA_CA_CERTS=${fileOf('ca.crt')}`, process.execPath, 'src/main.ts'],
      cwd: path.join(import.meta.dirname, '../..'),
    }),
  })
})
afterAll(async () => {
  await service?.stop()
  issuer?.closeAllConnections()
  await new Promise((resolve) => issuer.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

/** The version that a client and the gRPC port negotiate. */
const agreed = (maxVersion: tls.SecureVersion) =>
  new Promise<string | null>((resolve, reject) => {
    const to = { host: '127.0.0.1', port: service?.grpcPort ?? 0, ca, ALPNProtocols: ['h2'] }
    const socket = tls.connect({ ...to, maxVersion })
    socket.on('secureConnect', () => {
      resolve(socket.getProtocol())
      socket.end()
    })
    socket.on('error', reject)
  })

describe('grpc.tls.minVersion: TLSv1.3', () => {
  it('applies to the gRPC port', async () => {
    expect(await agreed('TLSv1.3')).toBe('TLSv1.3')
    await expect(agreed('TLSv1.2')).rejects.toThrow(/protocol version/)
  })

  it('does not apply to an identity provider with TLSv1.2 only', async () => {
    await expect
      .poll(async () => (await get(`http://127.0.0.1:${service?.httpPort}/metrics`)).text, PATIENCE)
      .toMatch(/^kserve_authz_jwks_age_seconds\{provider="issuer"\} \d/m)
  })
})
