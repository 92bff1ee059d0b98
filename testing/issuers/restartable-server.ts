import { createServer, type RequestListener } from 'node:http'
import { freePort } from '../free-ports.ts'

/** An HTTP server on loopback that can be stopped, and restarted on the same port. */
export async function startRestartableServer(answer: RequestListener) {
  const port = await freePort()
  const listen = () => {
    const server = createServer(answer)
    return new Promise<typeof server>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve(server))
    })
  }
  let server = await listen()
  return {
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    restart: async () => {
      server = await listen()
    },
  }
}
