import path from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { get, startChild, until } from '../../scripts/child.ts'
import { freePorts } from '../../scripts/loopback-port.ts'
import { LOAD_CORE, onCore, SERVER_CORE } from './cores.ts'

export type RunningServer = {
  readonly pid: number
  readonly grpcPort: number
  readonly stop: () => Promise<void>
}

export type RunningService = RunningServer & {
  readonly httpPort: number
  /** From its start until it said that it is ready. */
  readonly readyMs: number
}

const ROOT = path.join(import.meta.dirname, '../..')
const READY_LIMIT_MS = 120_000

/** What `npm start` gives Node; every server that is measured gets the same. */
export const NODE_FLAGS: readonly string[] = manifest.scripts.start
  .split(' ')
  .filter((word) => word.startsWith('--'))

/** The command that runs a script of this project with Node. */
export const nodeRuns = (script: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  ...NODE_FLAGS,
  path.join(ROOT, script),
  ...args,
]

/** Starts the service on a folder that `writeWorld` wrote. Its decision log goes into a pipe that is read. */
export async function startService(
  folder: string,
  nodeFlags: readonly string[] = [],
): Promise<RunningService> {
  const [grpcPort, httpPort] = await freePorts([0, 0])
  const [node = '', ...rest] = nodeRuns('src/main.ts', 'serve')
  const flags = [
    ['--config', path.join(folder, 'config.yaml')],
    ['--manifests', path.join(folder, 'manifests')],
    ['--grpc-address', `127.0.0.1:${grpcPort}`],
    ['--http-address', `127.0.0.1:${httpPort}`],
    ['--log-level', 'warn'],
  ]
  const command = onCore(SERVER_CORE, [node, ...nodeFlags, ...rest, ...flags.flat()])
  const reader = onCore(LOAD_CORE, ['cat']).join(' ')
  const started = performance.now()
  const child = startChild(
    'the service',
    ['bash', '-c', `exec "$@" > >(exec ${reader} > /dev/null)`, 'bash', ...command],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ready = async () => (await get(`http://127.0.0.1:${httpPort}/readyz`)).status === 200
  await untilReady(child, ready)
  const readyMs = performance.now() - started
  return { pid: pidOf(child), grpcPort, httpPort, readyMs, stop: child.stop }
}

/** Starts the server that answers every check alike. */
export async function startNullServer(
  answers: (grpcPort: number) => Promise<boolean>,
): Promise<RunningServer> {
  const [grpcPort] = await freePorts([0, 0])
  const command = onCore(SERVER_CORE, nodeRuns('bench/null-server.ts', String(grpcPort)))
  const child = startChild('the null server', command, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await untilReady(child, () => answers(grpcPort))
  return { pid: pidOf(child), grpcPort, stop: child.stop }
}

type Child = ReturnType<typeof startChild>

async function untilReady(child: Child, isReady: () => Promise<boolean>): Promise<void> {
  const died = new AbortController()
  void child.ended.then((how) => died.abort(new Error(how)))
  const attempt = async () => (await isReady()) || undefined
  const patience = { signal: died.signal, deadlineMs: READY_LIMIT_MS }
  await until('the server is not ready', attempt, patience).catch(async (fault: unknown) => {
    await child.stop()
    throw fault
  })
}

function pidOf({ pid }: Child): number {
  if (pid === undefined) throw new Error('the server has no process')
  return pid
}
