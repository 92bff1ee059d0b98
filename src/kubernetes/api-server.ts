import type { IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** With the query. */
  readonly path: string
  readonly accept?: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal: AbortSignal
}

export type ApiServer = {
  /** The answer as JSON. Rejects with an ApiError, or with that of the connection. */
  readonly send: (request: ApiRequest) => Promise<unknown>
  /** The body of an answer that never ends. Rejects like `send` where there is none. */
  readonly open: (request: ApiRequest) => Promise<IncomingMessage>
  readonly close: () => void
}

/** The API server answered, but not with what was asked for. Holds nothing of the answer's text. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** Milliseconds that it asks to wait; 0: it does not say. */
  readonly retryAfterMs: number

  constructor(status: number, retryAfterMs = 0) {
    super(`the API server answered with status ${status}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

const JSON_TYPE = 'application/json'
/** Of one answer of `send`; a page of a list is the largest. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/**
 * Talks to the cluster of a KubeConfig over kept connections: client-node's own requests open a new one
 * each. Credentials are asked for anew each time, so that a renewed token counts.
 */
export function createApiServer(kubeConfig: KubeConfig): ApiServer {
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no current cluster')
  const agents = createAgents()

  const open = async (request: ApiRequest): Promise<IncomingMessage> => {
    const options: RequestOptions = {}
    await kubeConfig.applyToHTTPSOptions(options)
    const response = await answerTo(new URL(cluster.server + request.path), request, {
      ...options,
      agent: agents.agentFor(options),
    })
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    response.resume()
    throw new ApiError(status, retryAfterMs(response))
  }
  return {
    open,
    send: async (request) => parse(await textOf(await open(request))),
    close: agents.close,
  }
}

/** One agent as long as the certificates stay the same. */
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

function answerTo(
  url: URL,
  { method, accept = JSON_TYPE, body, contentType = JSON_TYPE, signal }: ApiRequest,
  options: RequestOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = https.request(
      url,
      {
        ...options,
        method,
        signal,
        headers: {
          ...options.headers,
          accept,
          'user-agent': 'kserve-authz',
          ...(text === undefined
            ? {}
            : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
        },
      },
      resolve,
    )
    request.on('error', reject)
    request.end(text)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    length += bytes.length
    if (length > MAX_BODY_BYTES) throw new Error('the answer of the API server is too long')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The parser's own message would quote the text, which may hold Secrets. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the answer of the API server is not JSON')
  }
}

function retryAfterMs(response: IncomingMessage): number {
  const seconds = Number(response.headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : 0
}
