import { connect } from 'node:net'
import type { HeaderLine } from './model.ts'

/** A request in its wire format. A header may have any number of lines, with any bytes. */
export type Sent = {
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
}

/** Status 0: the connection was closed instead. */
export type Answer = { readonly status: number; readonly headers: ReadonlyMap<string, string> }

export type Address = { readonly host: string; readonly port: number }

const DEADLINE_MS = 30_000
const CLOSED: Answer = { status: 0, headers: new Map() }

/** A connection for several requests in turn, which is reopened after it was closed. */
export function createLine({ host, port }: Address) {
  let current: ReturnType<typeof open> | undefined
  const open = () => {
    const socket = connect(port, host)
    let bytes = ''
    let waiting: Waiting | undefined
    const settle = (act: (of: Waiting) => void) => {
      const of = waiting
      waiting = undefined
      bytes = ''
      if (of !== undefined) act(of)
    }
    const leave = () => {
      if (current?.socket === socket) current = undefined
      socket.destroy()
    }
    socket.setNoDelay()
    socket.setTimeout(DEADLINE_MS, () => {
      const method = waiting?.sent
      settle(({ reject }) => reject(new Error(`no answer in time to ${JSON.stringify(method)}`)))
      leave()
    })
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.toString('latin1')
      const answer = waiting && parse(bytes, waiting.sent.method)
      if (answer === undefined) return
      if (answer.headers.get('connection') === 'close') leave()
      settle(({ resolve }) => resolve(answer))
    })
    socket.on('error', leave)
    socket.on('close', () => {
      leave()
      settle(({ resolve }) => resolve(CLOSED))
    })
    const send = (sent: Sent) =>
      new Promise<Answer>((resolve, reject) => {
        waiting = { sent, resolve, reject }
        socket.write(written(sent), 'latin1')
      })
    return { socket, send }
  }
  return {
    send: (sent: Sent): Promise<Answer> => {
      current ??= open()
      return current.send(sent)
    },
    close: () => void current?.socket.destroy(),
  }
}

type Waiting = {
  readonly sent: Sent
  readonly resolve: (answer: Answer) => void
  readonly reject: (fault: Error) => void
}

const written = ({ method, target, headers }: Sent) =>
  [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(method === 'GET' || method === 'HEAD' ? [] : ['Content-Length: 0']),
    '',
    '',
  ].join('\r\n')

/** `undefined`: more data is needed. */
function parse(bytes: string, method: string): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const length = method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? 0)
  const status = Number(statusLine.split(' ')[1])
  return bytes.length - end - 4 < length ? undefined : { status, headers }
}
