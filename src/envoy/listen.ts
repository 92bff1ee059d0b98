// Listens on all addresses of a host.

import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** TCP keepalive detects a dead peer after this, plus a few probes. */
const OPTIONS = {
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  noDelay: true,
  // Reading starts when it is the connection's turn.
  pauseOnConnect: true,
}

/** Listens on all addresses of a host, with the same port. Rejects if one of them is not available. */
export async function listen(address: string, connected: (socket: Socket) => void) {
  const [, ipv6, name = '', text] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(address) ?? []
  const servers: Server[] = []
  let port = Number(text)
  const close = () => {
    for (const server of servers) server.close()
  }
  try {
    for (const host of await addressesOf(ipv6 ?? name)) {
      const server = createServer(OPTIONS, connected)
      server.listen({ host, port })
      await once(server, 'listening')
      servers.push(server)
      // A failed accept must not end the program.
      server.on('error', () => {})
      const bound = server.address()
      if (typeof bound === 'object' && bound !== null) port = bound.port
    }
  } catch (error) {
    close()
    throw new Error(
      `cannot listen on ${address} for gRPC: the address is in use or not on this machine`,
      {
        cause: error,
      },
    )
  }
  const closed = Promise.all(servers.map(untilClosed))
  return { port, close, closed }
}

const untilClosed = (server: Server) =>
  new Promise<void>((resolve) => {
    server.once('close', () => resolve())
  })

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true })
  return [...new Set(found.map(({ address }) => address))]
}
