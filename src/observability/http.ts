// The HTTP server of metrics, last denials, liveness and readiness.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { errorCode } from '../common/error-code.ts'
import { atMostEach } from './at-most-each.ts'

/** One condition of readiness. */
export type Readiness = {
  readonly name: string
  readonly ok: boolean
  /** Why it fails, or a remark. */
  readonly detail?: string | undefined
}

type Options = {
  /** `host:port`, with an IPv6 address in brackets; port 0 is any free one. */
  readonly address: string
  readonly metrics: { readonly text: () => Promise<string>; readonly contentType: string }
  /** The last denials as JSON; absent: they are not kept. */
  readonly denials?: (() => Promise<string>) | undefined
  readonly readiness: () => readonly Readiness[]
  /** Why a request may see nothing but the probes; `undefined`: it may. Absent: every request may. */
  readonly refusalOf?:
    | ((authorization: string | undefined) => Promise<Refusal | undefined>)
    | undefined
}

/** Why a page is not shown, in one line. */
export type Refusal = { readonly status: number; readonly text: string }

/** A page is rendered at most once in this time, in milliseconds, for any number of readers. */
export const SCRAPE_MS = 1_000

type Page = {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer
}
type Pages = ReadonlyMap<string, Answer>
type Answer = (verbose: boolean) => Page | Promise<Page>

/** The page with the last denial of each service. */
export const DENIALS_PATH = '/denials'

/**
 * Serves `/metrics`, `/denials`, `/livez` and `/readyz` until closed. Rejects if it cannot listen at the
 * address.
 */
export async function startHttp({ address, metrics, denials, readiness, refusalOf }: Options) {
  const pages = new Map<string, Answer>([
    ['/metrics', rendered(metrics.contentType, metrics.text)],
    ...(denials === undefined ? [] : [[DENIALS_PATH, rendered(JSON_TYPE, denials)] as const]),
    // Running is enough: a restart does not repair a failing dependency.
    ['/livez', (verbose) => health('livez', [{ name: 'ping', ok: true }], verbose)],
    ['/readyz', (verbose) => health('readyz', readiness(), verbose)],
  ])
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const page = await pageFor(pages, request, refusalOf).catch(() => text(500, 'internal error'))
    // The rest of a body would be read as the next request.
    if (!server.listening || hasBody(request)) response.shouldKeepAlive = false
    respond(page, request, response)
  }
  const server = createServer(HTTP_LIMITS, (...exchange) => void answer(...exchange))
  // Otherwise Node would request the body.
  server.on('checkContinue', (...exchange) => void answer(...exchange))
  // A failed accept must not end the program.
  server.on('error', () => {})
  // Also ends an answer that the client does not read.
  server.timeout = SILENCE_MS
  return { port: await listen(server, address), close: () => close(server) }
}

const JSON_TYPE = 'application/json'

/** A page that takes time. */
function rendered(contentType: string, text: () => Promise<string>): Answer {
  const render = atMostEach(SCRAPE_MS, async () => Buffer.from(await text()))
  return async () => ({ status: 200, contentType, body: await render() })
}

/** Longest silence of a connection, in milliseconds. */
export const SILENCE_MS = 60_000

export const HTTP_LIMITS = {
  headersTimeout: 2_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 8_192,
}

function respond(page: Page, { method }: IncomingMessage, response: ServerResponse) {
  const { status, contentType, body } = page
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  })
  response.end(method === 'HEAD' ? undefined : body)
}

/** The kubelet sends no token. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz'])

async function pageFor(
  pages: Pages,
  request: IncomingMessage,
  refusalOf: Options['refusalOf'],
): Promise<Page> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  if (!PROBES.has(path)) {
    const refusal = await refusalOf?.(request.headersDistinct.authorization?.join(','))
    if (refusal !== undefined) return text(refusal.status, refusal.text)
  }
  const page = pages.get(path)
  if (page === undefined) return text(404, 'not found')
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'method not allowed')
  if (hasBody(request)) return text(413, 'no body expected')
  return page(new URLSearchParams(query).has('verbose'))
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0

const text = (status: number, line: string): Page => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${line}\n`,
})

/** In the format of Kubernetes' own health endpoints. */
function health(name: string, checks: readonly Readiness[], verbose: boolean): Page {
  const ok = checks.every((check) => check.ok)
  if (ok && !verbose) return text(200, 'ok')
  const lines = checks.map((check) =>
    check.ok
      ? `[+]${check.name} ok${check.detail ? `: ${check.detail}` : ''}`
      : `[-]${check.name} failed: ${check.detail ?? 'not yet'}`,
  )
  return text(ok ? 200 : 503, [...lines, `${name} check ${ok ? 'passed' : 'failed'}`].join('\n'))
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied',
}

async function listen(server: Server, address: string): Promise<number> {
  const [, ipv6, name, port] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(address) ?? []
  try {
    server.listen({ host: ipv6 ?? name, port: Number(port) })
    await once(server, 'listening')
  } catch (error) {
    const code = errorCode(error) ?? ''
    throw new Error(`cannot serve HTTP at ${address}: ${REASONS[code] ?? code}`, { cause: error })
  }
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : Number(port)
}

/** Longest wait for answers in flight at the end, in milliseconds. */
const CLOSE_MS = 1_000

const close = (server: Server) =>
  new Promise<void>((resolve) => {
    const givenUp = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
    server.close(() => {
      clearTimeout(givenUp)
      resolve()
    })
  })
