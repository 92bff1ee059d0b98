import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as openSocket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { messagesIn } from '../../measure/messages.ts'

// Sends flows of different messages, each at a constant rate whether answers arrive or not, like independent
// clients. Latency counts from the time at which a message was due. Prints one line of JSON.
// Usage: load.ts PLAN, a file with a `Plan`

/** Messages for one port. `file` holds messages with gRPC's length prefix, which are sent in turn. */
export type Flow = {
  readonly name: string
  readonly file: string
  /** The index of the message to start with; absent: 0. */
  readonly from?: number
  readonly perSecond: number
  readonly connections: number
  /** Of the client; absent: 127.0.0.1, as of one proxy for all tenants. */
  readonly address?: string
  /** Maximum in flight; the proxy holds back any further ones and does not send them. */
  readonly underWay: number
}

export type Plan = {
  readonly port: number
  /** The time before the first message. */
  readonly waitSeconds: number
  /** Messages of this time are sent before the others, and do not count: V8 compiles this script meanwhile. */
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly flows: readonly Flow[]
}

/** The outcome of a flow's messages. */
export type Outcome = {
  readonly name: string
  readonly sent: number
  /** Not sent, because the maximum was in flight. */
  readonly held: number
  /** Answered in time, and not denied because of overload. */
  readonly decided: number
  readonly overloaded: number
  /** Later than a proxy's timeout, or `deadline-exceeded`. */
  readonly late: number
  /** A gRPC error, or no answer at all. */
  readonly failed: number
  /** Latencies of decided checks, in milliseconds. */
  readonly latenciesMs: readonly number[]
  readonly p50Ms: number
  readonly p99Ms: number
  /** Latencies of checks that were refused as overloaded. */
  readonly refusedP99Ms: number
}

/** The timeout of the proxies in the examples. */
const PATIENCE_MS = 500
const TICK_MS = 1
const HEADERS = {
  ':method': 'POST',
  ':path': '/envoy.service.auth.v3.Authorization/Check',
  'content-type': 'application/grpc',
  'grpc-timeout': `${PATIENCE_MS}m`,
  te: 'trailers',
}
const OVERLOADED = Buffer.from('too many requests at once')
const LATE = Buffer.from('no answer in time')

const planFile = process.argv[2]
if (planFile === undefined) throw new Error('usage: load.ts PLAN')
const { port, waitSeconds, warmUpSeconds, seconds, flows }: Plan = JSON.parse(
  readFileSync(planFile, 'utf8'),
)

const quantile = (values: readonly number[], part: number) =>
  values.toSorted((one, other) => one - other)[Math.ceil(part * values.length) - 1] ?? 0

async function run(flow: Flow): Promise<Outcome> {
  const { name, file, from = 0, perSecond, connections, underWay, address } = flow
  const messages = messagesIn(readFileSync(file))
  await pause(waitSeconds * 1_000)
  const sessions = await Promise.all(Array.from({ length: connections }, () => open(address)))
  const [decided, refused]: [number[], number[]] = [[], []]
  const counts = { sent: 0, held: 0, late: 0, failed: 0 }
  let [tried, ended, given] = [0, 0, 0]
  const end = (due: number, body: Buffer, ok: boolean) => {
    ended += 1
    if (due < counted) return
    const waited = performance.now() - due
    if (!ok) counts.failed += 1
    else if (waited > PATIENCE_MS || body.includes(LATE)) counts.late += 1
    else if (body.includes(OVERLOADED)) refused.push(waited)
    else decided.push(waited)
  }
  const send = (due: number) => {
    const isCounted = due >= counted
    if (given - ended >= underWay) {
      if (isCounted) counts.held += 1
      return
    }
    const index = given % connections
    const session = usable(sessions[index], address)
    sessions[index] = session
    const message = messages[(from + given) % messages.length] ?? Buffer.alloc(0)
    given += 1
    if (isCounted) counts.sent += 1
    sendOn(session, message, (body, ok) => end(due, body, ok))
  }
  const begun = performance.now()
  const counted = begun + warmUpSeconds * 1_000
  const whole = warmUpSeconds + seconds
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const passed = performance.now() - begun
      const all = Math.min(Math.floor((passed / 1_000) * perSecond) + 1, whole * perSecond)
      for (; tried < all; tried += 1) send(begun + (tried * 1_000) / perSecond)
      if (passed < whole * 1_000) return
      clearInterval(timer)
      resolve()
    }, TICK_MS)
  })
  const limit = performance.now() + 4 * PATIENCE_MS
  while (ended < given && performance.now() < limit) await pause(10)
  const failed = counts.failed + given - ended
  for (const session of sessions) session.destroy()
  return {
    name,
    ...counts,
    failed,
    decided: decided.length,
    overloaded: refused.length,
    latenciesMs: decided.map((ms) => Number(ms.toFixed(3))),
    p50Ms: quantile(decided, 0.5),
    p99Ms: quantile(decided, 0.99),
    refusedP99Ms: quantile(refused, 0.99),
  }
}

function connectTo(localAddress?: string): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, {
    createConnection: () => openSocket({ port, host: '127.0.0.1', localAddress }),
  })
  session.on('error', () => {})
  return session
}

/** Like Envoy, opens a new connection if the service has closed one. */
const usable = (session: ClientHttp2Session | undefined, localAddress?: string) =>
  session === undefined || session.closed || session.destroyed ? connectTo(localAddress) : session

function open(localAddress?: string): Promise<ClientHttp2Session> {
  const session = connectTo(localAddress)
  return new Promise((resolve) => {
    session.once('connect', () => resolve(session))
    session.once('error', () => resolve(session))
  })
}

function sendOn(
  session: ClientHttp2Session,
  message: Buffer,
  end: (body: Buffer, ok: boolean) => void,
) {
  const stream = session.request(HEADERS)
  const parts: Buffer[] = []
  let ok = false
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('trailers', (trailers) => {
    ok = trailers['grpc-status'] === '0'
  })
  stream.on('error', () => {})
  stream.on('close', () => end(Buffer.concat(parts), ok))
  stream.end(message)
}

const outcomes = await Promise.all(flows.map(run))
// A long text is written in parts.
process.stdout.write(`${JSON.stringify(outcomes)}\n`, () => process.exit(0))
