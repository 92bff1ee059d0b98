import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerFor } from './answers.ts'
import { answerUpgrade, isWebSocket } from './websocket.ts'

const MAX_BODY_BYTES = 1024 * 1024
/** Above Envoy's own limits, so that the server accepts every request that a proxy forwards. */
const MAX_HEADERS_BYTES = 256 * 1024
const PATIENCE_MS = 30_000

type Address = { readonly port?: number; readonly host?: string }

/**
 * A model without protection of its own. It implements the APIs of KServe, OpenAI and Anthropic,
 * refuses nobody, and includes the received request in every JSON answer.
 */
export async function startModelServer({ port = 0, host = '127.0.0.1' }: Address = {}) {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADERS_BYTES,
      requestTimeout: PATIENCE_MS,
      shouldUpgradeCallback: isWebSocket,
    },
    (request, response) => {
      answer(request, response).catch(() => response.destroy())
    },
  )
  server.on('upgrade', (request, socket) => answerUpgrade(request, socket, echoOf(request)))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse) {
  const echo = echoOf(request)
  const body = await readBody(request)
  if (body === undefined) {
    return sendJson(response, 413, { error: `the body is over ${MAX_BODY_BYTES} bytes`, ...echo })
  }
  const reply = answerFor(echo.method, echo.path, readJson(body))
  switch (reply.kind) {
    case 'json':
      return sendJson(response, reply.status, { ...reply.content, ...echo })
    case 'text':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(reply.text)
      return
    case 'events':
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      for (const event of reply.events) {
        const content = typeof event === 'string' ? event : JSON.stringify({ ...event, ...echo })
        response.write(`data: ${content}\n\n`)
      }
      response.end()
  }
}

/** The received request. A repeated header is a list. */
const echoOf = ({ method = '', url = '', headersDistinct }: IncomingMessage) => ({
  method,
  path: url,
  headers: Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values = []]) => [
      name,
      values.length === 1 ? values[0] : values,
    ]),
  ),
})

/** `undefined` if it is too large. A large body is read to its end but not kept. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString() : undefined
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function sendJson(response: ServerResponse, status: number, content: object) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(content)}\n`)
}

if (import.meta.main) {
  const { port } = await startModelServer({ port: Number(process.env.PORT ?? 8081) })
  console.log(`model server on http://127.0.0.1:${port}`)
}
