import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { servicesOf } from '../testing/envoy-gateway/kserve-routes.ts'
import { aBackend, gatewayObjects, withBackends } from '../testing/envoy-gateway/objects.ts'
import { startEnvoyGateway } from '../testing/envoy-gateway/start.ts'
import { envoyBootstrap } from './envoy-bootstrap.ts'
import type { ProxyAddress } from './quickstart-requests.ts'
import { startEnvoy } from './start-envoy.ts'

/** `none`: this program configures Envoy itself. */
const GATEWAYS = ['none', 'envoy-gateway'] as const
export type Gateway = (typeof GATEWAYS)[number]

/** The gateway in the environment; `undefined`: unknown. */
export const gatewayOf = (name = ''): Gateway | undefined =>
  GATEWAYS.find((each) => each === (name || 'none'))

type Start = {
  readonly gateway: Gateway
  /** The folder with the HTTPRoutes. */
  readonly folder: string
  readonly envoy: string
  /** The port of plain Envoy. Envoy Gateway has its own. */
  readonly port: number
  readonly authzPort: number
  readonly modelPort: number
  readonly stopping: AbortController
  /** Called at the end, in reverse order. */
  readonly stops: (() => Promise<void>)[]
  readonly say: (line: string) => void
}

/** Starts Envoy in front of the model, by itself or by Envoy Gateway. */
export const startProxy = (start: Start): Promise<ProxyAddress> =>
  start.gateway === 'none' ? plain(start) : byEnvoyGateway(start)

async function plain({ envoy, port, authzPort, modelPort, stopping, stops, say }: Start) {
  say('starting Envoy')
  const listener = { name: 'quickstart', port, authzPort, httpUpstreamPort: modelPort }
  const bootstrap = envoyBootstrap({ listeners: [listener] })
  const proxy = await startEnvoy({ envoy, bootstrap, signal: stopping.signal })
  stops.push(proxy.stop)
  void proxy.ended.then((how) => stopping.abort(new Error(how)))
  return { address: '127.0.0.1', port: proxy.portOf(listener.name) }
}

/** Without a cluster, Backends replace the Kubernetes Services of the routes. */
async function byEnvoyGateway({ folder, authzPort, modelPort, stopping, stops, say }: Start) {
  say('starting Envoy Gateway; the first time it is built, which takes minutes')
  const text = await readFile(path.join(folder, 'routes.yaml'), 'utf8')
  const routes = loadAll(text).filter((each) => typeof each === 'object' && each !== null)
  const objects = [
    ...(await gatewayObjects(authzPort)),
    ...routes.map(withBackends),
    ...servicesOf(routes).map(({ namespace, name, port }) =>
      aBackend(namespace, `${name}-${port}`, modelPort),
    ),
  ]
  const gateway = await startEnvoyGateway(objects, stopping.signal)
  stops.push(gateway.stop)
  void gateway.ended.then((how) => stopping.abort(new Error(how)))
  return gateway
}
