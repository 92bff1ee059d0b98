import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deny } from '../../src/access/decision.ts'
import { BOUNDS } from '../../src/envoy/bounds.ts'
import { createEncode } from '../../src/envoy/encode.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { type EnvoyServer, serveChecks } from '../../src/envoy/server.ts'
import { createTlsIdentity, type TlsIdentity } from '../../src/envoy/tls.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { begin, framed } from '../../testing/envoy/raw-grpc.ts'
import { aFolder } from '../manifests/folders.ts'

const headers = { user: 'x-user', groups: 'x-groups', credential: 'x-credential', claims: {} }
const parts = {
  authorize: () => ({ decision: deny('not-synced'), target: undefined, caller: undefined }),
  encode: createEncode({ headers, realm: 'test' }),
  observe: () => {},
  report: () => {},
  deadlineMs: 400,
}

describe('a listener with TLS', () => {
  let folder: string
  let identity: TlsIdentity | undefined
  let server: EnvoyServer | undefined
  const faults: unknown[] = []
  const cleanups: (() => void)[] = []
  const file = (name: string) => path.join(folder, name)

  const makeCertificate = (name: string) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]
    execFileSync('openssl', ['req', '-x509', ...key, ...files, '-subj', `/CN=${name}`], {
      stdio: 'ignore',
    })
  }
  const install = (name: string) => {
    copyFileSync(file(`${name}.key`), file('tls.key'))
    copyFileSync(file(`${name}.crt`), file('tls.crt'))
  }
  /** The name in the certificate that a new connection receives. */
  const shownName = (options: tls.ConnectionOptions = {}) =>
    new Promise<string>((resolve, reject) => {
      const socket = tls.connect({
        host: '127.0.0.1',
        port: server?.port ?? 0,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...options,
      })
      socket.on('secureConnect', () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.end()
      })
      socket.on('error', reject)
    })
  const start = async (
    clientCaFile: string | null = null,
    minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2',
    at = file,
    bounds = BOUNDS,
  ) => {
    const files = { certFile: at('tls.crt'), keyFile: at('tls.key'), clientCaFile }
    identity = createTlsIdentity({ ...files, minVersion }, (fault) => faults.push(fault), 20)
    server = await serveChecks(
      { position: 'gateway', address: '127.0.0.1:0' },
      parts,
      identity.secure,
      { bounds },
    )
  }

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'kserve-authz-tls-'))
    faults.length = 0
    makeCertificate('first')
    makeCertificate('second')
    install('first')
  })
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) clean()
    identity?.close()
    await server?.close(100)
    identity = undefined
    server = undefined
    rmSync(folder, { recursive: true })
  })

  it('loads a renewed certificate without a restart', async () => {
    await start()
    expect(await shownName()).toBe('first')
    install('second')
    await vi.waitFor(async () => expect(await shownName()).toBe('second'), 60_000)
  })

  it('follows a Secret as cert-manager writes it and the kubelet mounts it', async () => {
    const secret = await aFolder()
    const contents = (name: string) => ({
      'tls.crt': readFileSync(file(`${name}.crt`), 'utf8'),
      'tls.key': readFileSync(file(`${name}.key`), 'utf8'),
      'ca.crt': readFileSync(file(`${name}.crt`), 'utf8'),
    })
    const client = (name: string): tls.ConnectionOptions => ({
      cert: readFileSync(file(`${name}.crt`)),
      key: readFileSync(file(`${name}.key`)),
      maxVersion: 'TLSv1.2',
    })
    await secret.mount('1', contents('first'))
    await start(secret.at('ca.crt'), 'TLSv1.2', secret.at)
    expect(await shownName(client('first'))).toBe('first')
    await secret.mount('2', contents('second'))
    await vi.waitFor(async () => expect(await shownName(client('second'))).toBe('second'), 60_000)
    await expect(shownName(client('first'))).rejects.toThrow()
    expect(faults).toEqual([])
  })

  it('keeps its certificate while the files contain no usable one, and reports it', async () => {
    await start()
    writeFileSync(file('tls.crt'), 'half a certificate')
    await vi.waitFor(() => expect(faults.length).toBeGreaterThan(0), 60_000)
    expect(await shownName()).toBe('first')
  })

  it('requires a client certificate of the configured authority', async () => {
    await start(file('second.crt'))
    const client = { cert: readFileSync(file('second.crt')), key: readFileSync(file('second.key')) }
    expect(await shownName(client)).toBe('first')
    // In TLS 1.3 the refusal comes after the handshake; in 1.2 during it.
    await expect(shownName({ maxVersion: 'TLSv1.2' })).rejects.toThrow()
  })

  it.each<[minVersion: 'TLSv1.2' | 'TLSv1.3', version: 'TLSv1.2' | 'TLSv1.3']>([
    ['TLSv1.2', 'TLSv1.2'],
    ['TLSv1.2', 'TLSv1.3'],
    ['TLSv1.3', 'TLSv1.3'],
  ])('of at least %s accepts %s', async (minVersion, version) => {
    await start(null, minVersion)
    expect(await shownName({ minVersion: version, maxVersion: version })).toBe('first')
  })

  it('of at least TLSv1.3 refuses TLSv1.2, also after a renewal', async () => {
    await start(null, 'TLSv1.3')
    await expect(shownName({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
    install('second')
    await vi.waitFor(async () => expect(await shownName()).toBe('second'), 60_000)
    await expect(shownName({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
  })

  it('answers the requests of an old connection that were sent before it saw GOAWAY', async () => {
    await start(null, 'TLSv1.2', file, { ...BOUNDS, ageMs: 1 })
    const session = http2.connect(`https://127.0.0.1:${server?.port}`, {
      rejectUnauthorized: false,
    })
    cleanups.push(() => session.destroy())
    const left = once(session, 'goaway')
    const statuses: (string | undefined)[] = []
    for (let isOpen = true; isOpen; isOpen = !session.closed && !session.destroyed) {
      const { stream, reply } = begin(session)
      stream.end(framed(encodeCheckRequest(aCheck())))
      statuses.push((await reply).status)
    }
    await left
    expect(new Set(statuses)).toEqual(new Set(['0']))
  })

  it('refuses a client that does not offer HTTP/2', async () => {
    await start()
    const socket = tls.connect({
      host: '127.0.0.1',
      port: server?.port ?? 0,
      rejectUnauthorized: false,
    })
    socket.on('error', () => {})
    await once(socket, 'close')
    await expect.poll(() => server?.held().connections).toBe(0)
  })

  it('does not change the version of other connections', async () => {
    const before = tls.DEFAULT_MIN_VERSION
    await start(null, 'TLSv1.3')
    expect(tls.DEFAULT_MIN_VERSION).toBe(before)
  })

  it('does not start with a certificate that does not match the key', () => {
    copyFileSync(file('second.key'), file('tls.key'))
    const files = { certFile: file('tls.crt'), keyFile: file('tls.key'), clientCaFile: null }
    expect(() => createTlsIdentity({ ...files, minVersion: 'TLSv1.2' }, () => {})).toThrow()
  })
})
