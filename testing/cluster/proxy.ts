import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import path from 'node:path'
import type { Site } from './programs.ts'

/** A fault that replaces the answer to a request. */
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
  'a status of 422': status(422),
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

/** A proxy in front of an API server on loopback, with its certificate; forwards requests without a fault. */
export async function startClusterProxy({ folder, apiPort }: Site) {
  const read = (name: string) => readFileSync(path.join(folder, name))
  const agent = new https.Agent({ keepAlive: true, ca: read('ca.crt') })
  const faults = new Map<string, Spoiled>()
  const counts = new Map<string, number>()
  const open = new Set<ServerResponse>()
  const bodies: Sent[] = []
  let isHeld = isQuestion
  let held: (() => void)[] | undefined

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const kind = lastPart(request)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    open.add(response)
    response.on('close', () => open.delete(response))
    const body = isQuestion(request) ? await bodyOf(request) : undefined
    if (body !== undefined) bodies.push({ kind, body })
    const go = () => {
      const { fault, where } = faults.get(kind) ?? faults.get('') ?? UNSPOILED
      if (fault !== undefined && where.test(request.url ?? '')) fault(response)
      else passOn({ request, response, body }, agent, apiPort)
    }
    if (held !== undefined && isHeld(request)) held.push(go)
    else go()
  }
  const server = https.createServer(
    { cert: read('server.crt'), key: read('server.key') },
    (...exchange) => void answer(...exchange),
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
    /** The number of requests up to now to paths with this suffix, such as `tokenreviews`. */
    asked: (kind: string): number => counts.get(kind) ?? 0,
    /** The bodies posted up to now to paths with this suffix. */
    posted: (kind: string): readonly unknown[] =>
      bodies
        .filter((each) => each.kind === kind)
        .map(({ body }): unknown => JSON.parse(body.toString())),
    /** `''`: for any path; `where`: only for URLs that match. `undefined` instead of a fault ends it. */
    fail: (kind: string, fault: ApiFault | undefined, where = /^/) => {
      if (fault === undefined) faults.delete(kind)
      else faults.set(kind, { fault, where })
    },
    /** Ends all answers that are in progress, such as watches. */
    cut: () => {
      for (const response of open) response.destroy()
    },
    /** Reviews, or requests for URLs that match, wait until the returned function is called. */
    hold: (where?: RegExp) => {
      isHeld = where === undefined ? isQuestion : ({ url = '' }) => where.test(url)
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

type Spoiled = { readonly fault: ApiFault | undefined; readonly where: RegExp }
type Sent = { readonly kind: string; readonly body: Buffer }

const UNSPOILED: Spoiled = { fault: undefined, where: /^/ }

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => request.on('end', resolve).on('close', resolve))
  return Buffer.concat(chunks)
}

const isQuestion = ({ method }: IncomingMessage): boolean => method === 'POST'

type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** `undefined`: it is not complete yet. */
  readonly body: Buffer | undefined
}

function passOn({ request, response, body }: Exchange, agent: https.Agent, port: number) {
  const { method, url, headers } = request
  const onward = https.request(
    { host: '127.0.0.1', port, method, path: url, headers, agent },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    },
  )
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  if (body === undefined) request.pipe(onward)
  else onward.end(body)
}
