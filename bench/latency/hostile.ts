import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { get, startChild, until } from '../../scripts/child.ts'
import { aCheck, checkClient, isAllowed } from '../../testing/envoy/check-client.ts'
import { at } from '../../testing/json.ts'
import { stayOffServerCore } from '../measure/cores.ts'
import { usageOf } from '../measure/usage.ts'
import { ATTACKS } from './hostile/attacks.ts'
import { percentile } from './table.ts'
import { row } from './tokens/table.ts'

// Measures the checks of a well-behaved proxy while hostile clients use the ports. The service and the clients have
// one core each.
// Usage: hostile.ts [hostile | ATTACK]...; MEASURE_SOURCES is the folder of another version to compare with.

const SOURCES = process.env.MEASURE_SOURCES ?? path.join(import.meta.dirname, '../..')
const SERVICES = 5_000
const SECONDS = 15
const PER_SECOND = 100
const KEY = 'a-key-of-the-good-proxy'
const MOST_RSS_MIB = 400

type Place = { readonly grpc: number; readonly http: number; readonly pid: number }

async function world(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hostile-'))
  const services = Array.from({ length: SERVICES }, (_, index) => ({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      namespace: 'team',
      name: `m-${index}`,
      annotations: { 'security.opendatahub.io/enable-auth': 'true' },
    },
    spec: {},
    status: { url: `http://m-${index}.example.com` },
  }))
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: 'team',
      name: 'good',
      labels: { 'kserve-authz.io/credential': 'api-key' },
    },
    stringData: { api_key: KEY },
  }
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwksFile = path.join(folder, 'jwks.json')
  await writeFile(jwksFile, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }))
  const provider = {
    name: 'idp',
    issuer: 'https://idp.example.com',
    audiences: ['a'],
    jwksFile,
    algorithms: ['ES256'],
    from: { headers: [{ name: 'authorization', prefix: 'Bearer ' }], cookies: ['session'] },
  }
  const manifests = path.join(folder, 'manifests')
  await mkdir(manifests)
  const objects = [...services, secret].map((object) => JSON.stringify(object))
  await writeFile(path.join(manifests, 'all.yaml'), objects.join('\n---\n'))
  await writeFile(
    path.join(folder, 'config.json'),
    JSON.stringify({
      grpc: { listeners: [{ position: 'gateway', address: '127.0.0.1:0' }] },
      jwt: { providers: [provider] },
    }),
  )
  return folder
}

async function startOnCore(folder: string) {
  const manifest: unknown = JSON.parse(await readFile(path.join(SOURCES, 'package.json'), 'utf8'))
  const start = String(at(manifest, 'scripts', 'start'))
    .split(' ')
    .slice(1)
  const child = startChild(
    'the service',
    [
      'taskset',
      ...['-c', '0', process.execPath, ...start, 'serve'],
      ...['--manifests', path.join(folder, 'manifests')],
      ...['--config', path.join(folder, 'config.json')],
      ...['--http-address', '127.0.0.1:0'],
    ],
    { cwd: SOURCES, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const lines: unknown[] = []
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(JSON.parse(line)))
  const portIn = (message: string) =>
    until(message, async () => {
      const port = at(
        lines.find((line) => at(line, 'msg') === message),
        'port',
      )
      return typeof port === 'number' ? port : undefined
    })
  const [grpc, http] = [
    await portIn('answering checks'),
    await portIn('serving metrics and health'),
  ]
  return { place: { grpc, http, pid: child.pid ?? 0 }, stop: child.stop }
}

const mebibytes = async (pid: number, name: 'VmHWM' | 'VmRSS') => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024
}

async function stallMs({ http }: Place): Promise<number> {
  // A process that is stalled for long does not answer this either.
  const text = await get(`http://127.0.0.1:${http}/metrics`).then(
    (page) => page.text,
    () => '',
  )
  const seconds = /^kserve_authz_event_loop_delay_seconds\{quantile="max"\} (\S+)$/m.exec(text)?.[1]
  return 1_000 * Number(seconds ?? Number.NaN)
}

/** At a constant rate, whether answers arrive or not. */
async function goodChecks(place: Place) {
  const client = checkClient(place.grpc)
  const ask = () =>
    client
      .check(aCheck({ host: 'm-1.example.com', headers: { 'x-api-key': KEY } }), '2S')
      .then(isAllowed, () => false)
  for (let warm = 0; warm < 500; warm += 1) await ask()
  const begun = performance.now()
  const waits: number[] = []
  let wrong = 0
  const asked: Promise<void>[] = []
  while (asked.length < SECONDS * PER_SECOND) {
    const due = begun + (asked.length * 1_000) / PER_SECOND
    await pause(Math.max(0, due - performance.now()))
    const sent = performance.now()
    asked.push(
      ask().then((allowed) => {
        waits.push(performance.now() - sent)
        if (!allowed) wrong += 1
      }),
    )
  }
  await Promise.all(asked)
  client.close()
  return { waits, wrong }
}

async function startAttack(name: string, { grpc, http }: Place) {
  const child = startChild(
    'the attack',
    [
      'taskset',
      ...['-c', '1', 'nice', '-n', '10', process.execPath],
      ...[path.join(import.meta.dirname, 'hostile/attack.ts'), name, String(grpc), String(http)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

async function measure(name: string, folder: string): Promise<boolean> {
  const { place, stop } = await startOnCore(folder)
  try {
    await goodChecks(place)
    await stallMs(place)
    const attack = name === 'nobody' ? undefined : await startAttack(name, place)
    const before = usageOf(place.pid).cpuSeconds
    const { waits, wrong } = await goodChecks(place)
    const cpu = (100 * (usageOf(place.pid).cpuSeconds - before)) / SECONDS
    const stall = name === 'scrapers' ? Number.NaN : await stallMs(place)
    const most = await mebibytes(place.pid, 'VmHWM')
    await attack?.stop()
    const times = [0.5, 0.99, 1].map((part) => percentile(waits, part).toFixed(1))
    row(name, waits.length, wrong, ...times, stall.toFixed(0), cpu.toFixed(0), most.toFixed(0))
    return wrong === 0 && most < MOST_RSS_MIB
  } finally {
    await stop()
  }
}

const chosen = process.argv.slice(2)
const names = ['nobody', ...Object.keys(ATTACKS)]
const all = chosen.length === 0 || chosen.includes('hostile')
const wanted = names.filter((name) => all || chosen.includes(name))
if (wanted.length > 0) {
  stayOffServerCore()
  const folder = await world()
  row(
    'beside',
    'good checks',
    'wrong',
    'p50 ms',
    'p99 ms',
    'max ms',
    'stall ms',
    'CPU %',
    'RSS at most MiB',
  )
  try {
    for (const name of wanted) if (!(await measure(name, folder))) process.exitCode = 1
  } finally {
    await rm(folder, { recursive: true })
  }
}
