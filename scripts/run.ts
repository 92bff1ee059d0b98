import path from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { startModelServer } from '../examples/model-server/server.ts'
import { createStopping, get, STOPPED, startChild, until } from './child.ts'
import { findEnvoy } from './envoy.ts'
import { freePorts, readPort } from './loopback-port.ts'
import { messageOf } from './message-of.ts'
import { NODE_FLAGS } from './node-flags.ts'
import { startQuickstartIssuer } from './quickstart-issuer.ts'
import { type Gateway, gatewayOf, startProxy } from './quickstart-proxy.ts'
import {
  curlOf,
  grpcurlOf,
  type Promised,
  type ProxyAddress,
  promisedBy,
  send,
} from './quickstart-requests.ts'

const ROOT = path.join(import.meta.dirname, '..')
const QUICKSTART = 'examples/quickstart'

const say = (line: string) => void process.stdout.write(`${line}\n`)

type Run = {
  readonly once: boolean
  readonly gateway: Gateway
  readonly stopping: AbortController
  /** Called at the end, in reverse order. */
  readonly stops: (() => Promise<void>)[]
}

/** Runs the quickstart until stopped, or once; resolves with the exit code. */
async function quickstart(run: Run): Promise<number> {
  const { once, gateway, stopping, stops } = run
  const { signal } = stopping
  const port = await readPort(process.env.PORT || '8080')
  const envoy = await findEnvoy(say, signal).catch((fault: unknown) => {
    signal.throwIfAborted()
    say(messageOf(fault))
    return undefined
  })
  const model = await startModelServer()
  stops.push(model.close)
  const issuer = await startQuickstartIssuer(port !== 0)
  stops.push(issuer.close)
  const service = await startService(run, port !== 0, issuer.env)

  const promises = promisedBy(issuer)
  let kept = false
  if (envoy === undefined) {
    sayHowToAsk(promises, service.grpcAddress)
  } else {
    const folder = path.join(ROOT, QUICKSTART)
    const ports = { port, authzPort: service.grpcPort, modelPort: model.port }
    const proxy = await startProxy({ gateway, folder, envoy, ...ports, stopping, stops, say })
    kept = await tryAll(promises, proxy, signal)
  }
  if (once) return kept ? 0 : 1
  sayHowToGoOn(service.httpAddress)
  service.showLog()
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    if (signal.aborted) reject(signal.reason)
  })
}

type Env = Readonly<Record<string, string>>

/** Starts the service and waits until it is ready. Its output is held back until `showLog`. */
async function startService({ stopping, stops }: Run, usualPorts: boolean, env: Env) {
  say(`starting the service on ${QUICKSTART}/`)
  const [grpcPort, httpPort, workloadPort] = await freePorts(
    usualPorts ? [9003, 9002, 9001] : [0, 0, 0],
  )
  const httpAddress = `127.0.0.1:${httpPort}`
  const grpcAddress = `127.0.0.1:${grpcPort}`
  const serve = ['src/main.ts', 'serve', '--manifests', QUICKSTART]
  const addresses = [
    ['--grpc-address', grpcAddress],
    ['--grpc-workload-address', `127.0.0.1:${workloadPort}`],
    ['--http-address', httpAddress],
  ].flat()
  const { stop, ended, stdout, stderr } = startChild(
    'the service',
    [process.execPath, ...NODE_FLAGS, ...serve, ...addresses],
    {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  stops.push(stop)
  const complaints = new PassThrough()
  stderr?.pipe(complaints)
  let shown = false
  void ended.then(async (how) => {
    const complaint = shown ? '' : (await text(complaints)).trimEnd()
    stopping.abort(new Error(complaint ? `${how}: ${complaint}` : how))
  })
  const ready = async () => (await get(`http://${httpAddress}/readyz`)).status === 200 || undefined
  await until('the service is not ready', ready, { signal: stopping.signal })
  const showLog = () => {
    shown = true
    stdout?.pipe(process.stdout, { end: false })
    complaints.pipe(process.stderr, { end: false })
  }
  return { grpcPort, grpcAddress, httpAddress, showLog }
}

/** Sends every promised request and prints the answer. Returns whether all promises were kept. */
async function tryAll(
  promises: readonly Promised[],
  proxy: ProxyAddress,
  signal: AbortSignal,
): Promise<boolean> {
  let kept = true
  say('')
  for (const promised of promises) {
    const { status, reason } = await send(promised, proxy, signal)
    signal.throwIfAborted()
    kept &&= status === promised.status
    say(`${status}  ${remark(promised, status)}${reason === undefined ? '' : ` (${reason})`}`)
    say(`     ${curlOf(promised, proxy)}\n`)
  }
  return kept
}

const remark = ({ says, status: promised }: Promised, status: number) =>
  status === promised ? says : `!!! ${promised} WAS PROMISED !!! ${says}`

function sayHowToAsk(promises: readonly Promised[], grpcAddress: string) {
  say('\nThe service runs without a proxy. Send it checks with grpcurl, as Envoy would:\n')
  for (const promised of promises) {
    say(`${promised.status}  ${promised.says}\n     ${grpcurlOf(promised, grpcAddress)}\n`)
  }
}

function sayHowToGoOn(httpAddress: string) {
  say(`Edit ${QUICKSTART}/ and run a command again. Its README has suggestions.`)
  say(`Metrics are at http://${httpAddress}/metrics. Ctrl-C stops everything.`)
  say('The decision log, one line per request:\n')
}

function complaintOf(version: string, args: readonly string[]): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 24 || (major === 24 && minor < 12)) {
    return `Node ${version} is too old: kserve-authz needs 24.12 or newer; \`make run\` installs it`
  }
  if (gatewayOf(process.env.GATEWAY) === undefined) return 'GATEWAY can only be envoy-gateway'
  return args.every((arg) => arg === '--once') ? undefined : 'usage: node scripts/run.ts [--once]'
}

type End = { readonly code: number; readonly complaint?: string }

const endedBy = (reason: unknown): End =>
  reason === STOPPED ? { code: 0 } : { code: 1, complaint: messageOf(reason) }

/** Resolves once everything is stopped. The complaint is printed last. */
async function main(args: readonly string[]): Promise<number> {
  const stopping = createStopping()
  process.stdout.on('error', () => stopping.abort(STOPPED))
  const stops: Run['stops'] = []
  const { code, complaint } = await quickstart({
    once: args.includes('--once'),
    gateway: gatewayOf(process.env.GATEWAY) ?? 'none',
    stopping,
    stops,
  }).then(
    (code): End => ({ code }),
    (fault: unknown) => endedBy(stopping.signal.aborted ? stopping.signal.reason : fault),
  )
  for (const stop of stops.toReversed()) await stop()
  if (complaint !== undefined) console.error(complaint)
  return code
}

const args = process.argv.slice(2)
const complaint = complaintOf(process.versions.node, args)
if (complaint === undefined) {
  process.exitCode = await main(args)
} else {
  console.error(complaint)
  process.exitCode = 2
}
