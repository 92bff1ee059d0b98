// The connection to the API server.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { parseJson, readText } from '../../common/json.ts'
import { retryAfterMs } from '../../common/retry-after.ts'
import type { ClusterAccess, ReadAccess } from './cluster-access.ts'

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** Includes the query. */
  readonly path: string
  readonly accept?: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal: AbortSignal
  /** A longer answer is rejected with `TooLong`. */
  readonly maxBytes?: number
}

export type ApiServer = {
  /** The parsed JSON answer. Rejects with an ApiError, or with a connection error. */
  readonly send: (request: ApiRequest) => Promise<unknown>
  /** The body of an endless answer. Rejects like `send`. */
  readonly open: (request: ApiRequest) => Promise<IncomingMessage>
  readonly close: () => void
}

/** An error status. Contains nothing of the answer's body. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** The requested wait in milliseconds; 0: none. */
  readonly retryAfterMs: number

  constructor(status: number, retryAfterMs = 0) {
    super(`the API server answered with status ${status}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** The answer exceeds the size limit. */
export class TooLong extends Error {
  override readonly name = 'TooLong'

  constructor() {
    super('the answer of the API server is too long')
  }
}

const JSON_TYPE = 'application/json'
/** Limit of one answer of `send`; pages of lists are the largest. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024

/** Time for an unwanted answer to end, in milliseconds, so that its connection can be reused. */
const DRAIN_MS = 2_000

/**
 * Calls an API server over kept-alive connections; client-node opens a new one per request. Asks for
 * credentials each time, so that a renewed token is used. If they are refused, `reload` reads them again,
 * because a token is read once a minute.
 */
export function createApiServer(
  access: ClusterAccess,
  reload: ReadAccess = () => access,
): ApiServer {
  const server = serverOf(access)
  const agents = createAgents()
  const credentials = createCredentials(access, reload)

  const open = async (request: ApiRequest): Promise<IncomingMessage> => {
    const options: RequestOptions = {}
    await credentials.current().applyToHTTPSOptions(options)
    const agent = agents.agentFor(options)
    const response = await answerTo(new URL(server + request.path), request, { ...options, agent })
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    drain(response)
    if (status === UNAUTHORIZED) credentials.refused()
    throw new ApiError(status, retryAfterMs(response.headers['retry-after']))
  }
  return {
    open,
    send: async (request) => contentOf(await open(request), request.maxBytes),
    close: agents.close,
  }
}

const UNAUTHORIZED = 401
const RELOAD_MS = 1_000

function createCredentials(first: ClusterAccess, reload: ReadAccess) {
  let current = first
  let reloaded = Number.NEGATIVE_INFINITY
  return {
    current: () => current,
    refused: () => {
      if (performance.now() - reloaded < RELOAD_MS) return
      reloaded = performance.now()
      try {
        current = reload()
      } catch {
        // Keeps the old one until it can be read.
      }
    },
  }
}

/** Without a trailing slash. Throws if the server is not usable. */
function serverOf(access: ClusterAccess): string {
  const server = access.getCurrentCluster()?.server ?? ''
  if (URL.parse(server)?.protocol !== 'https:') {
    throw new Error('the cluster has no API server with an https URL')
  }
  return server.replace(/\/+$/, '')
}

function drain(response: IncomingMessage) {
  const timer = setTimeout(() => response.destroy(), DRAIN_MS)
  response.on('close', () => clearTimeout(timer))
  response.resume()
}

/** One agent per set of certificates. */
function createAgents() {
  let current: { readonly key: string; readonly agent: https.Agent } | undefined
  return {
    agentFor: (options: RequestOptions): https.Agent => {
      const { ca, cert, key, servername, rejectUnauthorized } = options
      const identity = JSON.stringify([ca, cert, key, servername, rejectUnauthorized].map(String))
      if (current?.key !== identity) {
        const agent = new https.Agent({
          keepAlive: true,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(servername === undefined ? {} : { servername }),
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
        })
        current = { key: identity, agent }
      }
      return current.agent
    },
    close: () => current?.agent.destroy(),
  }
}

const BROKEN: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])
/** Several kept-alive connections may be stale. */
export const MAX_ATTEMPTS = 3

/** Retries if a kept-alive connection was closed just before its use. */
function answerTo(
  url: URL,
  asked: ApiRequest,
  options: RequestOptions,
  attempts = MAX_ATTEMPTS,
): Promise<IncomingMessage> {
  const { method, accept = JSON_TYPE, body, contentType = JSON_TYPE, signal } = asked
  const text = body === undefined ? undefined : JSON.stringify(body)
  const content =
    text === undefined
      ? {}
      : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }
  const headers = { ...credentialsIn(options), accept, 'user-agent': 'kserve-authz', ...content }
  return new Promise((resolve, reject) => {
    let answered = false
    const request = https.request(url, { ...options, method, signal, headers }, (response) => {
      answered = true
      resolve(response)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The stream reports an error within an answer; a retry would be of no use.
      if (answered) return
      answered = true
      const stale = request.reusedSocket && BROKEN.has(error.code)
      if (stale && attempts > 1) resolve(answerTo(url, asked, options, attempts - 1))
      else reject(error)
    })
    request.end(text)
  })
}

/** The headers that the credentials added. */
function credentialsIn({ headers }: RequestOptions): OutgoingHttpHeaders {
  return headers === undefined || isList(headers) ? {} : headers
}

const isList = (headers: object): headers is readonly string[] => Array.isArray(headers)

async function contentOf(response: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const text = await readText(response, maxBytes)
  if (text === undefined) throw new TooLong()
  const parsed = parseJson(text)
  if (parsed === undefined) throw new Error('the answer of the API server is not JSON')
  return parsed.value
}
