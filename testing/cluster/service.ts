import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { get, startChild, until } from '../../scripts/child.ts'
import { type CheckClient, checkClient } from '../envoy/check-client.ts'
import { mustTellNothing, pagesOf } from '../leaks.ts'
import { portIn, recordsOf } from '../program-log.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export type ClusterService = Awaited<ReturnType<typeof startClusterService>>

type ClusterServiceSpec = {
  /** The kubeconfig of its user. */
  readonly kubeconfig: string
  /** The configuration, in addition to the listeners. */
  readonly config?: object
  /** The address of the listeners, such as 127.0.0.1. */
  readonly address?: string
}

/**
 * Starts the program as it runs in a cluster, with both listeners; resolves once they answer, which is before the
 * cluster is known. Its `stop` ends it, and rejects if its output contains a credential.
 */
export async function startClusterService(spec: ClusterServiceSpec) {
  const own = await mkdtemp(path.join(tmpdir(), 'service-'))
  const file = path.join(own, 'config.json')
  await writeFile(file, JSON.stringify(configOf(spec)))
  const words = [process.execPath, 'src/main.ts', 'serve', '--config', file] as const
  return runClusterService({
    command: ['env', `KUBECONFIG=${spec.kubeconfig}`, ...words],
    cwd: ROOT,
    removeFiles: () => rm(own, { recursive: true, force: true }),
  })
}

type ClusterProgram = {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  /** After its end. */
  readonly removeFiles: () => Promise<unknown>
}

/** The same, for a program started in any way. */
export async function runClusterService({ command, cwd, removeFiles }: ClusterProgram) {
  const child = startChild('the service', command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const decisions = recordsOf(child.stdout)
  const log = recordsOf(child.stderr)
  const clients: CheckClient[] = []
  const stop = async () => {
    const pages = await pagesOf(read)
    for (const client of clients) client.close()
    await child.stop()
    await removeFiles()
    mustTellNothing('the output of a service', [log, decisions, pages])
  }
  let httpPort = 0
  const read = (page: string) => get(`http://127.0.0.1:${httpPort}${page}`)
  const died = new AbortController()
  void child.ended.then((how) => died.abort(new Error(`${how}: ${JSON.stringify(log)}`)))
  const portOf = (fields: object) =>
    until('a port', async () => portIn(log, fields), {
      signal: died.signal,
      deadlineMs: READY_MS,
    })
  const clientOf = (port: number) => {
    const client = checkClient(port)
    clients.push(client)
    return client
  }
  try {
    const workloadPort = await portOf({ msg: 'answering checks', position: 'workload' })
    const gatewayPort = await portOf({ msg: 'answering checks', position: 'gateway' })
    httpPort = await portOf({ msg: 'serving metrics and health' })
    return {
      pid: child.pid,
      workloadPort,
      gatewayPort,
      httpPort,
      workload: clientOf(workloadPort),
      gateway: clientOf(gatewayPort),
      decisions,
      log,
      /** `/metrics`, `/readyz?verbose` and the like. */
      read,
      ready: async () =>
        void (await until(
          `ready (${JSON.stringify(log.slice(-5))})`,
          async () => ((await read('/readyz')).status === 200 ? true : undefined),
          { signal: died.signal, deadlineMs: READY_MS },
        )),
      ended: child.ended,
      stop,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** A machine may be busy. */
const READY_MS = 180_000

const configOf = ({ config = {}, address = '127.0.0.1' }: ClusterServiceSpec) => ({
  http: { address: '127.0.0.1:0' },
  grpc: {
    listeners: ['workload', 'gateway'].map((position) => ({ position, address: `${address}:0` })),
  },
  ...config,
})
