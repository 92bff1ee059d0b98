import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { get, startChild, until } from '../../../scripts/child.ts'

const MAIN = path.join(import.meta.dirname, '../../../src/main.ts')

const announcement = z.object({ msg: z.string(), port: z.int() })
const decision = z.looseObject({ requestId: z.string() })

export type Decision = z.infer<typeof decision>

/** Runs the service in a folder with `manifests/`, at any free ports, and resolves once it serves. */
export async function startService(folder: string, config: string | undefined) {
  const flags = [
    ['--manifests', 'manifests'],
    ['--grpc-address', '127.0.0.1:0'],
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

  const portOf = (message: string) =>
    until(`the service does not say "${message}"`, async () => announcedIn(log, message), {
      signal: died.signal,
    })
  try {
    const grpcPort = await portOf('answering checks')
    const httpPort = await portOf('serving metrics and health')
    return {
      grpcPort,
      stop,
      /** How many checks were answered. */
      checks: async () => totalOf((await get(`http://127.0.0.1:${httpPort}/metrics`)).text),
      /** The lines of the decision log so far; the last one may still be on its way. */
      decisions: () => linesOf(decisions).map((line) => decision.parse(JSON.parse(line))),
      /** All that it printed. */
      printed: () => decisions + log,
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** Whole lines only. */
const linesOf = (text: string) => text.split('\n').slice(0, -1)

const announcedIn = (log: string, message: string) =>
  linesOf(log)
    .map((line) => announcement.safeParse(JSON.parse(line)))
    .find(({ data }) => data?.msg === message)?.data?.port

function totalOf(metrics: string): number {
  const samples = metrics.matchAll(/^kserve_authz_checks_total(?:\{.*\})? (\d+)$/gm)
  return [...samples].reduce((total, [, value]) => total + Number(value), 0)
}
