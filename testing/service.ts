import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { get, startChild, until } from '../scripts/child.ts'
import { mustTellNothing, pagesOf } from './leaks.ts'
import { portIn, recordsOf } from './program-log.ts'

const ROOT = path.join(import.meta.dirname, '..')

type ServiceSpec = {
  readonly folder: string
  /** The configuration. */
  readonly config?: object | undefined
  /** The address for gateways; by default any free port. */
  readonly port?: number | undefined
  /** The address for sidecars; by default any free port. */
  readonly workloadPort?: number | undefined
  /** Longest time until it answers checks: a large folder takes seconds to read. */
  readonly startMs?: number
  /** The command that starts it, with access to these files and folders; by default the sources here. */
  readonly program?: (readable: readonly string[]) => Program
}

export type Program = {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
}

const fromHere = (): Program => ({ command: [process.execPath, 'src/main.ts'], cwd: ROOT })

export type Service = Awaited<ReturnType<typeof startService>>

/** Starts the program as a user does, on a folder of manifests; resolves once it answers checks. */
export async function startService({
  folder,
  config,
  port = 0,
  workloadPort = 0,
  startMs = 60_000,
  program = fromHere,
}: ServiceSpec) {
  const own = await mkdtemp(path.join(tmpdir(), 'service-'))
  const file = path.join(own, 'config.json')
  await writeFile(file, JSON.stringify(config ?? {}))
  const flags = [
    ['--manifests', folder],
    ['--config', file],
    ['--grpc-address', `127.0.0.1:${port}`],
    ['--grpc-workload-address', `127.0.0.1:${workloadPort}`],
    ['--http-address', '127.0.0.1:0'],
  ]
  const { command, cwd } = program([folder, own])
  const { pid, ended, stop, stdout, stderr } = startChild(
    'the service',
    [...command, 'serve', ...flags.flat()],
    { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const decisions = recordsOf(stdout)
  const log = recordsOf(stderr)
  const gone = new AbortController()
  void ended.then((how) => gone.abort(new Error(`${how}: ${JSON.stringify(log)}`)))
  const portSaidBy = (msg: string, fields: object = {}) =>
    until(msg, async () => portIn(log, { msg, ...fields }), {
      signal: gone.signal,
      deadlineMs: startMs,
    })
  try {
    const grpcPort = await portSaidBy('answering checks', { position: 'gateway' })
    const grpcWorkloadPort = await portSaidBy('answering checks', { position: 'workload' })
    const httpPort = await portSaidBy('serving metrics and health')
    return {
      /** The address for gateways. */
      grpcPort,
      /** The address for sidecars. */
      grpcWorkloadPort,
      httpPort,
      /** The decisions up to now. */
      decisions,
      /** Its other output up to now. */
      log,
      ended,
      signal: (name: NodeJS.Signals) => {
        if (pid !== undefined) process.kill(pid, name)
      },
      stop: async () => {
        const pages = await pagesOf((page) => get(`http://127.0.0.1:${httpPort}${page}`))
        await stop()
        await rm(own, { recursive: true, force: true })
        mustTellNothing('the output of a service', [log, decisions, pages])
      },
    }
  } catch (fault) {
    await stop()
    await rm(own, { recursive: true, force: true })
    throw fault
  }
}
