import { request } from 'node:http'
import { connect } from 'node:http2'
import { request as requestSecurely } from 'node:https'
import type { SecureContextOptions } from 'node:tls'

const PATIENCE_MS = 20_000

type Outgoing = {
  readonly address: string
  readonly port: number
  readonly method: string
  /** Sent unchanged. */
  readonly path: string
  /** Includes `host`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  /** For mutual TLS. */
  readonly tls?: SecureContextOptions | undefined
  readonly localAddress?: string | undefined
}

/** Repeated headers are joined; trailers are among the headers. */
export type Incoming = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** In a mesh the name in a certificate is not a host name, and requests have no server name. */
export const UNNAMED = { checkServerIdentity: () => undefined, servername: '' }

/** The ALPN by which a sidecar in permissive mode recognizes a peer of the mesh. */
const OF_MESH = { ALPNProtocols: ['istio', 'http/1.1'] }

/** One request over HTTP/1.1. */
export const sendHttp1 = (outgoing: Outgoing): Promise<Incoming> =>
  new Promise((resolve, reject) => {
    const { address, port, body, tls, localAddress, ...rest } = outgoing
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const from = localAddress === undefined ? {} : { localAddress }
    const options = { ...rest, ...from, host: address, port, agent: false, signal }
    const sent =
      tls === undefined
        ? request(options)
        : requestSecurely({ ...options, ...tls, ...UNNAMED, ...OF_MESH })
    sent.once('error', reject)
    sent.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: joined(response.headers),
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.end(body)
  })

/** One request over HTTP/2, such as a gRPC call. */
export const sendHttp2 = ({ address, port, tls, ...outgoing }: Outgoing): Promise<Incoming> =>
  new Promise((resolve, reject) => {
    const { host, ...headers } = outgoing.headers
    const session =
      tls === undefined
        ? connect(`http://${address}:${port}`)
        : connect(`https://${address}:${port}`, { ...tls, ...UNNAMED })
    session.once('error', reject)
    const stream = session.request(
      { ...headers, ':method': outgoing.method, ':path': outgoing.path, ':authority': host },
      { signal: AbortSignal.timeout(PATIENCE_MS) },
    )
    let received: Record<string, string> = {}
    let status = 0
    const chunks: Buffer[] = []
    stream.once('error', reject)
    stream.once('response', (head) => {
      status = head[':status'] ?? 0
      received = joined(head)
    })
    stream.once('trailers', (trailers) => {
      received = { ...received, ...joined(trailers) }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('close', () => {
      session.destroy()
      resolve({ status, headers: received, body: Buffer.concat(chunks).toString() })
    })
    stream.end(outgoing.body)
  })

const joined = (headers: NodeJS.Dict<unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, [value].flat().join(', ')]),
  )
