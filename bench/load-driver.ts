import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { CHECK_PATH, ENVOY_HEADERS } from './measure/check-headers.ts'
import { messagesIn } from './measure/messages.ts'
import { quantile } from './measure/statistics.ts'

// Sends different messages, which h2load cannot do. Like h2load it runs a closed loop: each
// stream sends its next message after it has the answer. Prints one line of JSON.
// Usage: load-driver.ts PORT MESSAGES FIRST CONNECTIONS STREAMS SECONDS REQUESTS

const [port, file = '', ...numbers] = process.argv.slice(2)
const [first = 0, connections = 1, streams = 1, seconds = 1, requests = 0] = numbers.map(Number)

const HEADERS = {
  ':method': 'POST',
  ':path': CHECK_PATH,
  ...ENVOY_HEADERS,
}

const messages = messagesIn(readFileSync(file))
const latenciesMs: number[] = []
let next = first
let sent = 0
let failed = 0
let stopped = false

function send(session: ClientHttp2Session) {
  const message = messages[next % messages.length] ?? Buffer.alloc(0)
  next += 1
  sent += 1
  const start = performance.now()
  const stream = session.request(HEADERS)
  let ok = false
  stream.on('trailers', (trailers) => {
    ok = trailers['grpc-status'] === '0'
  })
  stream.on('error', () => {})
  stream.on('close', () => {
    if (stopped) return
    latenciesMs.push(performance.now() - start)
    if (!ok) failed += 1
    if (requests > 0 && latenciesMs.length >= requests) finish()
    else if (requests === 0 || sent < requests) send(session)
  })
  stream.resume()
  stream.end(message)
}

const sessions = Array.from({ length: connections }, () => connect(`http://127.0.0.1:${port}`))
for (const session of sessions) session.on('error', () => {})
await Promise.all(
  sessions.map((session) => new Promise((resolve) => session.once('connect', resolve))),
)
const start = performance.now()

function finish() {
  if (stopped) return
  stopped = true
  clearTimeout(limit)
  const measured = latenciesMs.slice(Math.floor(latenciesMs.length / 10))
  const told = {
    checks: latenciesMs.length - failed,
    failed,
    seconds: (performance.now() - start) / 1_000,
    next,
    p50Ms: quantile(measured, 0.5),
    p99Ms: quantile(measured, 0.99),
  }
  process.stdout.write(`${JSON.stringify(told)}\n`)
  for (const session of sessions) session.destroy()
}

const limit = setTimeout(finish, seconds * 1_000)
for (const session of sessions) for (let count = 0; count < streams; count += 1) send(session)
