import { createServer, type Socket, connect as tcpConnect } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { UNNAMED } from '../scenario/http.ts'
import type { Entry } from './asking.ts'

export type Tunnel = { readonly port: number; readonly close: () => Promise<void> }

type Certificate = { readonly key: string; readonly cert: string }

/**
 * A port of the loopback address that leads to a place of the mesh, in TLS with its certificate if it has one, as the
 * sidecar of a client does. `terminating`: clients use TLS, and this end has the certificate, as a load balancer has.
 */
export async function startTunnel(to: Entry, terminating?: Certificate): Promise<Tunnel> {
  const open = new Set<Socket>()
  const accept = (client: Socket) => {
    const upstream = connectTo(to)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.on('error', () => {})
      one.once('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
  const server =
    terminating === undefined ? createServer(accept) : createTlsServer(terminating, accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const connectTo = ({ address: host, port, tls }: Entry): Socket =>
  tls === undefined
    ? tcpConnect({ host, port })
    : tlsConnect({ host, port, ...tls, ...UNNAMED, ALPNProtocols: ['istio', 'http/1.1'] })
