import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { at, textAt } from '../json.ts'
import { noteHeaders } from '../leaks.ts'

const DEADLINE_MS = 5_000

export type Reply = {
  /** 0: the connection was closed without an answer. */
  readonly status: number
  /** Names in lower case, in order, with repetitions. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Bytes as latin1. */
  readonly body: string
}

/** The value of a header, repeated ones joined; `undefined` if absent. */
export function headerOf({ headers }: Reply, name: string): string | undefined {
  const values = headers.filter(([key]) => key === name).map(([, value]) => value)
  return values.length === 0 ? undefined : values.join(', ')
}

/** The request that reached the model server, as it reports it. */
export const reachedModel = ({ body }: Pick<Reply, 'body'>): Readonly<Record<string, unknown>> => {
  const headers = at(JSON.parse(body), 'headers')
  return typeof headers === 'object' && headers !== null ? { ...headers } : {}
}

export const pathAtModel = ({ body }: Reply): string => textAt(JSON.parse(body), 'path')

/** A request head byte for byte (characters are latin1); the connection is closed after the answer. */
export const head = (...lines: readonly string[]): string =>
  [...lines, 'Connection: close', '', ''].join('\r\n')

type To = { readonly port: number; readonly address?: string }

/** Sends bytes over a separate connection and reads the answer until its end. */
export function sendRaw({ port, address = '127.0.0.1' }: To, sent: string): Promise<Reply> {
  noteHeaders(parseReply(sent).headers)
  return new Promise((resolve, reject) => {
    let bytes = ''
    const socket = connect(port, address, () => socket.write(sent, 'latin1'))
    socket.setEncoding('latin1')
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk: string) => {
      bytes += chunk
      // Envoy keeps a connection open for a second after a request that it could not parse.
      if (isComplete(parseReply(bytes))) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parseReply(bytes)))
  })
}

function isComplete(reply: Reply): boolean {
  const length = headerOf(reply, 'content-length')
  return length !== undefined && reply.body.length >= Number(length)
}

function parseReply(bytes: string): Reply {
  const end = bytes.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = bytes.slice(0, Math.max(0, end)).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const chunked = headers.some(
    ([name, value]) => name === 'transfer-encoding' && value === 'chunked',
  )
  const rest = bytes.slice(end + 4)
  return {
    status: Number(statusLine.split(' ')[1] ?? 0),
    headers,
    body: end < 0 ? '' : chunked ? joined(rest) : rest,
  }
}

/** RFC 9112 section 7.1. */
function joined(chunks: string): string {
  let text = ''
  for (let start = 0; ; ) {
    const lineEnd = chunks.indexOf('\r\n', start)
    const length = Number.parseInt(chunks.slice(start, lineEnd), 16)
    if (lineEnd < 0 || !(length > 0)) return text
    text += chunks.slice(lineEnd + 2, lineEnd + 2 + length)
    start = lineEnd + 2 + length + 2
  }
}

type Http2Request = {
  readonly method?: string
  readonly path: string
  readonly authority: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

// Keeps repeated headers separate; @types/node lacks this option for clients.
const UNCHECKED = { settings: {}, strictSingleValueFields: false }

/** Sends one HTTP/2 request with prior knowledge. */
export function sendHttp2(
  { port, address = '127.0.0.1' }: To,
  request: Http2Request,
): Promise<Reply> {
  const { method = 'GET', path, authority, headers = [], body } = request
  noteHeaders(headers)
  const session = connectHttp2(`http://${address}:${port}`, UNCHECKED)
  const reply = new Promise<Reply>((resolve, reject) => {
    session.on('error', reject)
    const stream = session.request([
      ':method',
      method,
      ':path',
      path,
      ':authority',
      authority,
      ':scheme',
      'http',
      ...headers.flat(),
    ])
    const received: [string, string][] = []
    const chunks: Buffer[] = []
    let status = 0
    stream.setTimeout(DEADLINE_MS, () => stream.destroy(new Error('no answer in time')))
    stream.on('response', ({ ':status': code = 0, ...fields }) => {
      status = code
      for (const [name, value] of Object.entries(fields))
        for (const each of [value].flat()) received.push([name, String(each)])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () =>
      resolve({ status, headers: received, body: Buffer.concat(chunks).toString('latin1') }),
    )
    stream.end(body)
  })
  return reply.finally(() => session.destroy())
}
