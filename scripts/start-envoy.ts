import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { get, startChild, until } from './child.ts'

type EnvoyStart = {
  /** Path of the binary. */
  readonly envoy: string
  /** Any bootstrap: a static configuration, or a control plane. */
  readonly bootstrap: object
  /** The parent of its temporary folder; by default the system's. */
  readonly folder?: string
  readonly signal?: AbortSignal
}

/** Starts Envoy and resolves with its ports once it serves. Rejects with one sentence. */
export async function startEnvoy({ envoy, bootstrap, folder = tmpdir(), signal }: EnvoyStart) {
  const own = await mkdtemp(path.join(folder, 'envoy-'))
  const child = await launch(envoy, bootstrap, own)
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= child.stop().then(() => rm(own, { recursive: true, force: true }))
    return stopping
  }
  const ended = child.ended.then(async (how) => `${how}${await lastWords(own)}`)

  const died = new AbortController()
  void ended.then((how) => died.abort(new Error(how)))
  const limit = signal === undefined ? died.signal : AbortSignal.any([signal, died.signal])
  try {
    const adminPort = await until('Envoy is not ready', () => readAdminPort(own), { signal: limit })
    const ports = await until('Envoy is not ready', () => askPorts(adminPort), { signal: limit })
    const portOf = (listener: string) => {
      const port = ports.get(listener)
      if (port === undefined) throw new Error(`Envoy has no listener ${listener}`)
      return port
    }
    return { pid: child.pid, adminPort, portOf, ended, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

const adminAddressFile = (folder: string) => path.join(folder, 'admin-address')
const logFile = (folder: string) => path.join(folder, 'envoy.log')

async function launch(envoy: string, bootstrap: object, folder: string) {
  const config = path.join(folder, 'bootstrap.json')
  await writeFile(config, JSON.stringify(bootstrap))
  const log = await open(logFile(folder), 'a')
  const flags = [
    ['--config-path', config],
    ['--admin-address-path', adminAddressFile(folder)],
    ['--concurrency', '1'],
    ['--log-level', 'error'],
    ['--file-flush-interval-msec', '100'],
    ['--disable-hot-restart'],
  ]
  const stdio = ['ignore', log.fd, log.fd] as const
  const child = startChild('Envoy', [envoy, ...flags.flat()], { stdio: [...stdio] })
  await log.close()
  return child
}

/** Envoy writes the file once its admin port is open. */
async function readAdminPort(folder: string): Promise<number | undefined> {
  const port = /:(\d+)\s*$/.exec(await readFile(adminAddressFile(folder), 'utf8'))?.[1]
  return port === undefined ? undefined : Number(port)
}

async function askPorts(adminPort: number) {
  const admin = `http://127.0.0.1:${adminPort}`
  if ((await get(`${admin}/ready`)).status !== 200) return undefined
  return readPorts(JSON.parse((await get(`${admin}/listeners?format=json`)).text))
}

/** Reads `listener_statuses[].name` and `.local_address.socket_address.port_value`. */
function readPorts(listeners: unknown): ReadonlyMap<string, number> {
  const ports = new Map<string, number>()
  const statuses = fieldOf(listeners, 'listener_statuses')
  for (const status of Array.isArray(statuses) ? statuses : []) {
    const name = fieldOf(status, 'name')
    const socket = fieldOf(fieldOf(status, 'local_address'), 'socket_address')
    const port = fieldOf(socket, 'port_value')
    if (typeof name === 'string' && typeof port === 'number') ports.set(name, port)
  }
  return ports
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

async function lastWords(folder: string) {
  const log = await readFile(logFile(folder), 'utf8').catch(() => '')
  const last = log.trimEnd().split('\n').at(-1)
  return last ? `: ${last}` : ''
}
