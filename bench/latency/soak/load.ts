import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'

// Sends requests through Envoy for a time, at a constant rate or as fast as they are answered. An answer other than
// the expected one is a failure. Prints a line of JSON every ten seconds and at the end.
// Usage: load.ts PLAN, a file with a `LoadPlan`

export type LoadPlan = {
  readonly port: number
  readonly seconds: number
  /** 0: as fast as they are answered, `UNDER_WAY` at a time. */
  readonly perSecond: number
  /** Sent in turn. */
  readonly requests: readonly Request[]
}

type Request = {
  readonly host: string
  readonly path: string
  /** Values of `authorization`, sent in turn; if there are none, the header is absent. */
  readonly credentials: readonly string[]
  readonly status: number
}

/** The results up to now. */
export type Told = {
  readonly checks: number
  readonly failures: Readonly<Record<string, number>>
  readonly p50Ms: number
  readonly p99Ms: number
  /** The largest delay of this program itself, which the machine caused. */
  readonly ownStallMs: number
}

const UNDER_WAY = 32
const CONNECTIONS = 4
const TICK_MS = 2
const TOLD_MS = 10_000
/** Values within a bucket differ by at most 1/50. */
const STEPS = 50
/** A proxy's timeout is 500 ms. */
const LIMIT_MS = 5_000

const plan: LoadPlan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const { port, seconds, perSecond, requests } = plan

const buckets = new Map<number, number>()
const failures = new Map<string, number>()
let checks = 0
let sent = 0
let underWay = 0
let ownStallMs = 0
let ticked = performance.now()

const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)

function quantile(part: number): number {
  let left = part * checks
  for (const [bucket, number] of [...buckets].toSorted(([one], [other]) => one - other)) {
    left -= number
    if (left <= 0) return Math.exp(bucket / STEPS)
  }
  return 0
}

function tell() {
  const told: Told = {
    checks,
    failures: Object.fromEntries(failures),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    ownStallMs,
  }
  process.stdout.write(`${JSON.stringify(told)}\n`)
}

const sessions: ClientHttp2Session[] = []

function sessionAt(index: number): ClientHttp2Session {
  const known = sessions[index]
  if (known !== undefined && !known.destroyed && !known.closed) return known
  const made = connect(`http://127.0.0.1:${port}`)
  made.on('error', () => {})
  sessions[index] = made
  return made
}

function send(due: number, then: () => void) {
  const request = requests[sent % requests.length]
  if (request === undefined) throw new Error('nothing to send')
  const turn = Math.floor(sent / requests.length)
  const { host, path, credentials, status } = request
  const authorization = credentials[turn % credentials.length]
  const stream = sessionAt(sent % CONNECTIONS).request(
    {
      ':method': 'POST',
      ':path': path,
      ':authority': host,
      ...(authorization === undefined ? {} : { authorization }),
    },
    { endStream: true },
  )
  sent += 1
  underWay += 1
  let answer = 'no answer'
  stream.setTimeout(LIMIT_MS, () => stream.destroy())
  stream.on('response', (headers) => {
    answer = `${headers[':status']} ${headers['x-ext-auth-reason'] ?? ''}`.trim()
  })
  stream.on('error', (error) => {
    answer = error.message
  })
  stream.on('close', () => {
    underWay -= 1
    checks += 1
    const bucket = Math.round(Math.log(Math.max(0.01, performance.now() - due)) * STEPS)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
    if (!answer.startsWith(String(status))) count(failures, `${answer} instead of ${status}`)
    then()
  })
  stream.resume()
}

const telling = setInterval(tell, TOLD_MS)
const ticking = setInterval(() => {
  ownStallMs = Math.max(ownStallMs, performance.now() - ticked - TICK_MS)
  ticked = performance.now()
}, TICK_MS)
const begun = performance.now()
const passed = () => performance.now() - begun
const isOver = () => passed() >= seconds * 1_000

if (perSecond === 0) {
  const again = () => {
    if (!isOver()) send(performance.now(), again)
  }
  for (let worker = 0; worker < UNDER_WAY; worker += 1) again()
} else {
  const pacing = setInterval(() => {
    const due = Math.floor((Math.min(passed(), seconds * 1_000) / 1_000) * perSecond)
    while (sent < due) send(begun + (sent * 1_000) / perSecond, () => {})
    if (isOver()) clearInterval(pacing)
  }, TICK_MS)
}
while (!isOver() || underWay > 0) await new Promise((resolve) => setTimeout(resolve, 20))
clearInterval(telling)
clearInterval(ticking)
tell()
for (const session of sessions) session.destroy()
