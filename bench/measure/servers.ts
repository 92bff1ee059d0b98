import path from 'node:path'
import { get, startChild, until } from '../../scripts/child.ts'
import { NODE_FLAGS, NODE_VARIABLES } from '../../scripts/node-flags.ts'
import { freePort, freePorts } from '../../testing/free-ports.ts'
import { LOAD_CORE, onCore, SERVER_CORE } from './cores.ts'

export type RunningServer = {
  readonly pid: number
  readonly grpcPort: number
  readonly stop: () => Promise<void>
}

export type RunningService = RunningServer & {
  readonly httpPort: number
  /** From its start until it reported that it is ready. */
  readonly readyMs: number
}

const ROOT = path.join(import.meta.dirname, '../..')
const READY_LIMIT_MS = 120_000

/** The command that runs a script of this project with Node, with the flags of `npm start`. */
export const nodeRuns = (script: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  ...NODE_FLAGS,
  path.join(ROOT, script),
  ...args,
]

/** The folder that `writeWorld` wrote; with `kubeconfig` the objects are in that cluster. */
export type Told = {
  readonly folder: string
  readonly kubeconfig?: string
  readonly nodeFlags?: readonly string[]
  /** Of the listener that `grpcPort` belongs to; absent: workload. With a cluster there is no other. */
  readonly position?: 'gateway' | 'workload'
}

/** Starts the service. Its decision log goes to a pipe with a reader. */
export async function startService(told: Told): Promise<RunningService> {
  const [grpcPort = 0, httpPort = 0] = await freePorts(2)
  const [node = '', ...rest] = nodeRuns('src/main.ts', 'serve')
  const flags = [
    ['--config', path.join(told.folder, 'config.yaml')],
    ['--http-address', `127.0.0.1:${httpPort}`],
    ['--log-level', 'warn'],
  ]
  const { env, args } = sourceOf(told, `127.0.0.1:${grpcPort}`)
  const { nodeFlags = [] } = told
  const command = onCore(SERVER_CORE, [node, ...nodeFlags, ...rest, ...flags.flat(), ...args])
  const reader = onCore(LOAD_CORE, ['cat']).join(' ')
  const started = performance.now()
  const child = startChild(
    'the service',
    ['bash', '-c', `exec "$@" > >(exec ${reader} > /dev/null)`, 'bash', ...command],
    {
      cwd: ROOT,
      env: { ...process.env, ...NODE_VARIABLES, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const ready = async () => (await get(`http://127.0.0.1:${httpPort}/readyz`)).status === 200
  await untilReady(child, ready)
  const readyMs = performance.now() - started
  return { pid: pidOf(child), grpcPort, httpPort, readyMs, stop: child.stop }
}

function sourceOf({ folder, kubeconfig, position = 'workload' }: Told, address: string) {
  if (kubeconfig === undefined) {
    const other = '127.0.0.1:0'
    return {
      env: {},
      args: [
        ['--manifests', path.join(folder, 'manifests')],
        ['--grpc-workload-address', position === 'workload' ? address : other],
        ['--grpc-address', position === 'gateway' ? address : other],
      ].flat(),
    }
  }
  const listeners = JSON.stringify([{ position: 'workload', address }])
  return { env: { KUBECONFIG: kubeconfig, KSERVE_AUTHZ_GRPC_LISTENERS: listeners }, args: [] }
}

/** Starts the server that gives every check the same answer, in grpc-js or another program. */
export async function startNullServer(
  answers: (grpcPort: number) => Promise<boolean>,
  program: readonly string[] = nodeRuns('bench/null-server.ts'),
): Promise<RunningServer> {
  const grpcPort = await freePort()
  const command = onCore(SERVER_CORE, [...program, String(grpcPort)])
  const child = startChild('the null server', command, {
    cwd: ROOT,
    env: { ...process.env, ...NODE_VARIABLES },
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
