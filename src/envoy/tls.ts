// Serves TLS certificates, and reloads them when their files change.

import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createSecureContext, createServer } from 'node:tls'

export type TlsFiles = {
  readonly certFile: string
  readonly keyFile: string
  /** The CA of client certificates; `null`: clients need none. */
  readonly clientCaFile: string | null
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

/** Starts TLS on an accepted connection, and calls back once its handshake is finished. */
export type Secure = (socket: Socket, secured: (socket: Socket) => void) => void

export type TlsIdentity = {
  readonly secure: Secure
  readonly close: () => void
}

type Certificates = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined }

/** What HTTP/2 is called within TLS (RFC 9113 section 3.2). */
const HTTP2 = 'h2'

/**
 * Serves the certificate in these files, and its successor once they change. Throws if it cannot be used at
 * first; later the last valid one stays and `report` is called.
 */
export function createTlsIdentity(
  files: TlsFiles,
  report: (error: unknown) => void,
  periodMs = 10_000,
): TlsIdentity {
  const { minVersion } = files
  let current = read(files)
  const mustShow = files.clientCaFile !== null
  const clients = { requestCert: mustShow, rejectUnauthorized: mustShow }
  const server = createServer({ ...current, ...clients, minVersion, ALPNProtocols: [HTTP2] })
  const waiting = new Map<string, (socket: Socket) => void>()
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    if (socket.alpnProtocol === HTTP2) waiting.get(peerOf(socket))?.(socket)
    else socket.destroy()
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  const reload = () => {
    try {
      const next = read(files)
      if (isSame(next, current)) return
      server.setSecureContext({ ...next, minVersion })
      current = next
    } catch (error) {
      report(error)
    }
  }
  const timer = setInterval(reload, periodMs).unref()
  return {
    secure: (socket, secured) => {
      const peer = peerOf(socket)
      waiting.set(peer, secured)
      socket.once('close', () => {
        if (waiting.get(peer) === secured) waiting.delete(peer)
      })
      server.emit('connection', socket)
    },
    close: () => clearInterval(timer),
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** Throws if OpenSSL refuses the pair. */
function read({ certFile, keyFile, clientCaFile }: TlsFiles): Certificates {
  const certificates = {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ca: clientCaFile === null ? undefined : readFileSync(clientCaFile),
  }
  createSecureContext(certificates)
  return certificates
}

const isSame = (one: Certificates, other: Certificates): boolean =>
  one.cert.equals(other.cert) &&
  one.key.equals(other.key) &&
  (one.ca?.toString() ?? '') === (other.ca?.toString() ?? '')
