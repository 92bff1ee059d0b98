import { createServer, type RequestListener } from 'node:http'
import { until } from '../../scripts/child.ts'
import { freePort } from '../free-ports.ts'

/**
 * An HTTP server on loopback that can be stopped, and restarted on the same port. A program that another thread of this
 * process starts keeps our sockets until it runs, so a port may stay in use for some milliseconds after it was closed.
 */
export async function startRestartableServer(answer: RequestListener) {
  const port = await freePort()
  const listen = () => {
    const server = createServer(answer)
    return new Promise<typeof server>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve(server))
    })
  }
  const listenOnceFree = () => until(`port ${port} is free`, listen)
  let server = await listenOnceFree()
  return {
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    restart: async () => {
      server = await listenOnceFree()
    },
  }
}
