import { createInterface } from 'node:readline'
import { get, startChild, until } from '../../../scripts/child.ts'
import { NODE_FLAGS, NODE_VARIABLES } from '../../../scripts/node-flags.ts'
import { at } from '../../../testing/json.ts'
import { collectionsIn } from '../../measure/collections.ts'
import { residentBytes } from '../../measure/usage.ts'

export type Replica = Awaited<ReturnType<typeof startReplica>>

/** Starts the service as the image does and resolves once it is ready. Its decision log is discarded. */
export async function startReplica(manifests: string, config: string) {
  const flags = ['--manifests', manifests, '--config', config, '--http-address', '127.0.0.1:0']
  const addresses = ['--grpc-address', '127.0.0.1:0', '--grpc-workload-address', '127.0.0.1:0']
  const command = [process.execPath, ...NODE_FLAGS, 'src/main.ts', 'serve', ...flags, ...addresses]
  const {
    pid = 0,
    stop,
    ended,
    stderr,
  } = startChild('the service', ['bash', '-c', 'exec "$@" > /dev/null', 'bash', ...command], {
    env: { ...process.env, ...NODE_VARIABLES },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ports = new Map<string, number>()
  const problems: string[] = []
  createInterface({ input: stderr ?? process.stdin }).on('line', (line) => {
    const said: unknown = JSON.parse(line)
    const port = at(said, 'port')
    if (typeof port === 'number')
      ports.set(`${at(said, 'msg')} ${at(said, 'position') ?? ''}`, port)
    const isExpected = at(said, 'reason') === 'ServiceOpened'
    // Without its time, so that the same problem is shown once.
    if (at(said, 'level') !== 'info' && !isExpected)
      problems.push(
        JSON.stringify(said, (key, value: unknown) => (key === 'time' ? undefined : value)),
      )
  })
  const portOf = (said: string) => until(said, async () => ports.get(said))
  const [grpcPort, httpPort] = [
    await portOf('answering checks gateway'),
    await portOf('serving metrics and health '),
  ]
  const page = (path: string) => get(`http://127.0.0.1:${httpPort}${path}`)
  await until('the service is not ready', async () =>
    (await page('/readyz')).status === 200 ? true : undefined,
  )
  return {
    grpcPort,
    httpPort,
    stop,
    ended,
    problems,
    rssMiB: () => Math.round(residentBytes(pid) / 2 ** 20),
    collections: async () => collectionsIn((await page('/metrics')).text),
    /** The longest stall of the last one to two minutes, in milliseconds. */
    stallMs: async () => {
      const { text } = await page('/metrics')
      const [, seconds] =
        /^kserve_authz_event_loop_delay_seconds\{quantile="max"\} (\S+)/m.exec(text) ?? []
      return Number(seconds ?? Number.NaN) * 1_000
    },
  }
}
