import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { createAuthorities } from './authorities.ts'

/**
 * A host with the files of a release, and a proxy through which every host of https is this one. `env` makes a program
 * in Go use both.
 */
export async function startReleasePage(host: string, place: string, folder: string) {
  const authorities = await createAuthorities()
  const { caFile, key, cert } = await authorities.create('release', host)
  const page = createTlsServer({ key, cert }, ({ url = '', headers }, response) => {
    const file = path.basename(url)
    const found = headers.host === host && url === `${place}/${file}`
    response.writeHead(found ? 200 : 404)
    if (found) createReadStream(path.join(folder, file)).pipe(response)
    else response.end()
  })
  const port = await listening(page)
  const open = new Set<Socket>()
  const proxy = createServer()
  proxy.on('connect', (_request, client: Socket) => {
    const upstream = connect({ host: '127.0.0.1', port })
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
    }
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
  })
  const proxyPort = await listening(proxy)
  return {
    env: { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`, SSL_CERT_FILE: caFile },
    stop: async () => {
      for (const socket of open) socket.destroy()
      await Promise.all([page, proxy].map((server) => new Promise((end) => server.close(end))))
      await authorities.remove()
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
