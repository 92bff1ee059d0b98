import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { get, startChild, until } from '../../scripts/child.ts'
import { decisionOf, type RunningService } from './source.ts'

const MAIN = path.join(import.meta.dirname, '../../src/main.ts')

const announcement = z.object({
  msg: z.string(),
  port: z.int(),
  position: z.enum(['workload', 'gateway']).optional(),
})

type Position = z.infer<typeof announcement>['position']

/** Runs the service in a folder with `manifests/`, on any free ports, and resolves once it serves. */
export async function startService(
  folder: string,
  config: string | undefined,
): Promise<RunningService> {
  const flags = [
    ['--manifests', 'manifests'],
    ['--grpc-address', '127.0.0.1:0'],
    ['--grpc-workload-address', '127.0.0.1:0'],
    ['--http-address', '127.0.0.1:0'],
    config === undefined ? [] : ['--config', config],
  ]
  const { stop, ended, stdout, stderr } = startChild(
    'the service',
    [process.execPath, MAIN, 'serve', ...flags.flat()],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let decisions = ''
  let log = ''
  stdout?.on('data', (chunk: Buffer) => {
    decisions += chunk.toString()
  })
  stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const died = new AbortController()
  void ended.then(async (how) => {
    await setImmediate()
    died.abort(new Error(`${how}: ${log}`))
  })

  const portOf = (message: string, position?: Position) =>
    until(
      `the service does not log "${message}"`,
      async () => announcedIn(log, message, position),
      { signal: died.signal },
    )
  try {
    const workload = await portOf('answering checks', 'workload')
    const gateway = await portOf('answering checks', 'gateway')
    const httpPort = await portOf('serving metrics and health')
    const metrics = async () => (await get(`http://127.0.0.1:${httpPort}/metrics`)).text
    return {
      authzPorts: { workload, gateway },
      stop,
      metrics,
      checks: async () => totalOf(await metrics()),
      decisions: () => linesOf(decisions).map((line) => decisionOf(JSON.parse(line))),
      printed: () => decisions + log,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** Whole lines only. */
const linesOf = (text: string) => text.split('\n').slice(0, -1)

const announcedIn = (log: string, message: string, position: Position) =>
  linesOf(log)
    .map((line) => announcement.safeParse(JSON.parse(line)))
    .find(({ data }) => data?.msg === message && data.position === position)?.data?.port

/** The sum over all services. */
export function totalOf(metrics: string): number {
  const samples = metrics.matchAll(/^kserve_authz_checks_total(?:\{.*\})? (\d+)$/gm)
  return [...samples].reduce((total, [, value]) => total + Number(value), 0)
}
