import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startChild, until } from '../../scripts/child.ts'
import { folderOf } from '../folder-of.ts'
import { at } from '../json.ts'
import { recordsOf } from '../program-log.ts'
import type { GatewayPorts } from './envoy.ts'
import { declaredProxies } from './gateway-pods.ts'
import type { World } from './model.ts'

/** Starts the program as a user does, with one listener for each gateway. */
export async function startService(
  { objects, gateways }: Pick<World, 'objects' | 'gateways'>,
  program: string,
  trust: Readonly<Record<string, string>> = {},
) {
  const manifests = await folderOf(objects)
  const own = await mkdtemp(path.join(tmpdir(), 'routes-'))
  const file = path.join(own, 'config.json')
  const listeners = gateways.map(() => ({ position: 'gateway', address: '127.0.0.1:0', ...trust }))
  const proxies = declaredProxies(gateways)
  const config = {
    grpc: { listeners },
    http: { address: '127.0.0.1:0' },
    // An excluded health check would not be a wrong allow.
    exclusions: { gateway: { InferenceService: [] } },
    decisionLog: { decisions: 'off' },
    // An older program does not have this key.
    ...(proxies.length === 0 ? {} : { gateways: { proxies } }),
  }
  await writeFile(file, JSON.stringify(config))
  const flags = ['--manifests', manifests.root, '--config', file]
  const { ended, stop, stdout, stderr } = startChild(
    'the service',
    [process.execPath, program, 'serve', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  stdout?.resume()
  const log = recordsOf(stderr)
  const gone = new AbortController()
  void ended.then((how) => gone.abort(new Error(`${how}: ${JSON.stringify(log)}`)))
  const end = async () => {
    await stop()
    await manifests.remove()
    await rm(own, { recursive: true, force: true })
  }
  try {
    const ports = await until('the service does not answer', async () => portsIn(log, gateways), {
      signal: gone.signal,
      deadlineMs: 60_000,
    })
    return { ports, stop: end }
  } catch (fault) {
    await end()
    throw fault
  }
}

function portsIn(log: readonly unknown[], gateways: World['gateways']): GatewayPorts | undefined {
  const messages = log.map((line) => at(line, 'msg'))
  if (!messages.includes('ready: all objects have been read')) return undefined
  const ports = log.flatMap((line) => {
    const port = at(line, 'msg') === 'answering checks' ? at(line, 'port') : undefined
    return typeof port === 'number' ? port : []
  })
  if (ports.length < gateways.length) return undefined
  return Object.fromEntries(gateways.map(({ id }, index) => [id, ports[index] ?? 0]))
}
