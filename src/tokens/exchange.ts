// Sends one HTTP request to an issuer, through a proxy if configured.

import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { errorCode } from '../common/error-code.ts'
import { parseJson, readText } from '../common/json.ts'
import { retryAfterMs } from '../common/retry-after.ts'
import { isLoopback } from '../common/secure-url.ts'

/** The connection settings of an issuer. */
export type FetchRoute = {
  /** Its certificate authorities, read for each request; absent: those of Node.js. */
  readonly caFile?: string
  /** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; absent: no proxy. */
  readonly proxies?: Readonly<Record<string, string | undefined>>
}

export type Call = FetchRoute & {
  readonly signal: AbortSignal
  readonly maxBytes: number
  readonly headers: Readonly<Record<string, string>>
  /** Present: it is sent by POST. */
  readonly body?: string
}

export type Reply = {
  readonly status: number
  readonly location: string | undefined
  readonly retryAfterMs: number
  /** `''` unless the status is 200. */
  readonly text: string
}

/** Sends one request on a new connection. Rejects with a fixed text that contains nothing the issuer sent. */
export async function exchange(url: URL, call: Call): Promise<Reply> {
  const ca = call.caFile === undefined ? undefined : await readFile(call.caFile, 'utf8')
  const response = await send(url, call, ca)
  const { statusCode: status = 0, headers } = response
  const reply = { status, retryAfterMs: retryAfterMs(headers['retry-after']) }
  if (status === 200) return { ...reply, location: undefined, text: await textOf(response, call) }
  response.destroy()
  return { ...reply, location: headers.location, text: '' }
}

const send = (
  url: URL,
  { signal, headers, proxies, body }: Call,
  ca: string | undefined,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // Loopback addresses never use a proxy.
    const proxyEnv = isLoopback(url) ? {} : { proxyEnv: { ...proxies } }
    const secure = url.protocol === 'https:'
    const agent = secure
      ? new HttpsAgent({ ...proxyEnv, ...(ca === undefined ? {} : { ca }) })
      : new HttpAgent(proxyEnv)
    const options = {
      method: body === undefined ? 'GET' : 'POST',
      signal,
      agent,
      headers: { 'accept-encoding': 'identity', ...headers, connection: 'close' },
    }
    const request = secure ? httpsRequest(url, options) : httpRequest(url, options)
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
  })

async function textOf(
  content: AsyncIterable<unknown>,
  { maxBytes }: Pick<Call, 'maxBytes'>,
): Promise<string> {
  const text = await readText(content, maxBytes)
  if (text === undefined) throw new Error(`the answer is larger than ${maxBytes} bytes`)
  return text
}

const BYTE_ORDER_MARK = '\ufeff'

export function parseAnswer(text: string): unknown {
  const parsed = parseJson(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
  if (parsed === undefined) throw new Error('the answer is not JSON')
  return parsed.value
}

/** The code of a failed connection; its text may quote what the issuer sent. */
export function unreachable(error: unknown): unknown {
  const code = errorCode(error)
  if (code === undefined) return error
  if (error instanceof Error && 'path' in error) return error
  return new Error(`the issuer cannot be reached (${code})`)
}
