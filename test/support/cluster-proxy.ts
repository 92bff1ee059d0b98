import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import path from 'node:path'
import type { Site } from './cluster-programs.ts'

/** What is done with a request in place of passing it on. */
export type ApiFault = (response: ServerResponse) => void

export type ClusterProxy = Awaited<ReturnType<typeof startClusterProxy>>

const body =
  (status: number, text: string, headers = {}): ApiFault =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)

const status = (code: number, headers = {}): ApiFault =>
  body(code, JSON.stringify({ kind: 'Status', status: 'Failure', code }), headers)

export const API_FAULTS = {
  'a status of 401': status(401),
  'a status of 403': status(403),
  'a status of 404': status(404),
  'a status of 429': status(429, { 'retry-after': '1' }),
  'a status of 500': status(500),
  'nothing at all': () => {},
  'a reset': (response) => void response.socket?.destroy(),
  'an end in the middle': (response) => {
    response.writeHead(201, { 'content-length': 1_000 }).write('{"status": {"authenticated": true')
    setImmediate(() => response.destroy())
  },
  'no JSON': body(201, '<html>marker-of-the-api-server</html>'),
  'no status': body(201, '{"kind": "TokenReview"}'),
  'another kind': body(201, '{"kind": "Status", "status": "Success"}'),
} as const satisfies Readonly<Record<string, ApiFault>>

/** Stands before an API server on loopback, with its certificate; passes on what it is not told to spoil. */
export async function startClusterProxy({ folder, apiPort }: Site) {
  const read = (name: string) => readFileSync(path.join(folder, name))
  const agent = new https.Agent({ keepAlive: true, ca: read('ca.crt') })
  const faults = new Map<string, ApiFault>()
  const counts = new Map<string, number>()
  let held: (() => void)[] | undefined

  const server = https.createServer(
    { cert: read('server.crt'), key: read('server.key') },
    (request, response) => {
      const kind = lastPart(request)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      const go = () => {
        const fault = faults.get(kind)
        if (fault === undefined) passOn(request, response, agent, apiPort)
        else fault(response)
      }
      if (held !== undefined && isQuestion(request)) held.push(go)
      else go()
    },
  )
  server.on('clientError', (_error, socket) => socket.destroy())
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  return {
    port,
    /** Requests so far to paths that end in it, such as `tokenreviews`. */
    asked: (kind: string): number => counts.get(kind) ?? 0,
    /** `undefined`: it is well again. */
    fail: (kind: string, fault: ApiFault | undefined) => {
      if (fault === undefined) faults.delete(kind)
      else faults.set(kind, fault)
    },
    /** Questions wait until the returned function is called. */
    hold: () => {
      held = []
      return () => {
        const waiting = held ?? []
        held = undefined
        for (const go of waiting) go()
      }
    },
    held: (): number => held?.length ?? 0,
    close: async () => {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const lastPart = ({ url = '' }: IncomingMessage): string =>
  url.split('?')[0]?.split('/').at(-1) ?? ''

const isQuestion = ({ method }: IncomingMessage): boolean => method === 'POST'

function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  agent: https.Agent,
  port: number,
) {
  const { method, url, headers } = request
  const onward = https.request(
    { host: '127.0.0.1', port, method, path: url, headers, agent },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    },
  )
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}
