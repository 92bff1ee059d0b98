import { randomInt } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startChild, until } from '../../scripts/child.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { findEnvoyGateway } from '../../scripts/envoy-gateway.ts'
import { ENVOY_VERSION, LISTENER_PORT, PARENT } from './objects.ts'

export type EnvoyGateway = Awaited<ReturnType<typeof startEnvoyGateway>>

const START_MS = 180_000
const report = (line: string) => void process.stderr.write(`${line}\n`)

/**
 * Starts Envoy Gateway on a folder of objects, without a cluster, and its Envoy. Resolves once the listener of the
 * Gateway among the objects exists. Everything listens on one loopback address.
 */
export async function startEnvoyGateway(objects: readonly object[], signal?: AbortSignal) {
  const { program } = await findEnvoyGateway(report, signal)
  const envoy = await findEnvoy(report, signal)
  const folder = await mkdtemp(path.join(tmpdir(), 'envoy-gateway-'))
  const inFolder = (name: string) => path.join(folder, name)
  // Its ports are fixed: each instance has its own address.
  const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`
  const home = homeIn(folder)
  await mkdir(inFolder('resources'))
  await mkdir(path.join(home.dataHome, `envoy-versions/${ENVOY_VERSION}/bin`), { recursive: true })
  await symlink(envoy, path.join(home.dataHome, `envoy-versions/${ENVOY_VERSION}/bin/envoy`))
  await writeFile(inFolder('config.json'), JSON.stringify(configOf(folder, address)))
  let generation = 0
  const write = async (next: readonly object[]) => {
    generation += 1
    const all = [...next, generationRoute(generation)].map((each) => JSON.stringify(each))
    await writeFile(inFolder('next.yaml'), all.join('\n---\n'))
    await rename(inFolder('next.yaml'), inFolder('resources/objects.yaml'))
  }
  await write(objects)
  const run = async (...args: readonly string[]) => {
    const log = await open(inFolder('log'), 'a')
    const stdio: ['ignore', number, number] = ['ignore', log.fd, log.fd]
    const command = ['env', `ENVOY_GATEWAY_ADDRESS=${address}`, program, ...args] as const
    const child = startChild('Envoy Gateway', command, { cwd: folder, stdio })
    await log.close()
    return child
  }
  await (await run('certgen', '--local', '--config-home', home.configHome)).ended
  const child = await run('server', '--config-path', inFolder('config.json'))
  const died = new AbortController()
  void child.ended.then(async (how) => died.abort(new Error(`${how}: ${await lastWords(folder)}`)))
  const ends = signal === undefined ? died.signal : AbortSignal.any([died.signal, signal])
  const stop = async () => {
    await child.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const inForce = () =>
    until(
      `Envoy does not have objects number ${generation}`,
      async () => ((await statusOf(address, hostOf(generation))) === 404 ? undefined : true),
      { signal: ends, deadlineMs: START_MS },
    )
  try {
    await inForce()
  } catch (fault) {
    const said = await lastWords(folder)
    await stop()
    signal?.throwIfAborted()
    throw new Error(`${String(fault)}: ${said}`)
  }
  return {
    address,
    port: LISTENER_PORT,
    /** Replaces all objects, without waiting. */
    write,
    /** The same, and waits until Envoy has them. */
    apply: async (next: readonly object[]) => {
      await write(next)
      await inForce()
    },
    /** All output of Envoy Gateway and its Envoy. */
    log: () => readFile(inFolder('log'), 'utf8'),
    ended: child.ended,
    stop,
  }
}

const homeIn = (folder: string) => ({
  configHome: path.join(folder, 'config'),
  dataHome: path.join(folder, 'data'),
  stateHome: path.join(folder, 'state'),
  runtimeDir: path.join(folder, 'run'),
})

const configOf = (folder: string, address: string) => ({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'EnvoyGateway',
  gateway: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  provider: {
    type: 'Custom',
    custom: {
      resource: { type: 'File', file: { paths: [path.join(folder, 'resources')] } },
      infrastructure: { type: 'Host', host: homeIn(folder) },
    },
  },
  extensionApis: { enableBackend: true },
  telemetry: { metrics: { prometheus: { disable: true } } },
  admin: { address: { host: address, port: 19_000 } },
  logging: { level: { default: 'warn' } },
})

/** Without a known host Envoy answers 404. */
const hostOf = (generation: number) => `generation-${generation}.test`

const statusOf = (address: string, host: string) =>
  new Promise<number>((resolve, reject) => {
    const signal = AbortSignal.timeout(1_000)
    const sent = request({
      host: address,
      port: LISTENER_PORT,
      headers: { host },
      agent: false,
      signal,
    })
    sent.once('error', reject)
    sent.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.end()
  })

const generationRoute = (generation: number) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { namespace: 'kserve', name: 'generation' },
  spec: { parentRefs: [PARENT], hostnames: [hostOf(generation)], rules: [{}] },
})

async function lastWords(folder: string): Promise<string> {
  const log = await readFile(path.join(folder, 'log'), 'utf8').catch(() => '')
  return log.split('\n').filter(isTold).slice(-3).join('\n')
}

/** The output that is not a line of the access log. */
const isTold = (line: string) => line !== '' && !line.startsWith('{')
