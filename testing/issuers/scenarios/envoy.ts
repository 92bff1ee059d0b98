import path from 'node:path'
import { envoyBootstrap } from '../../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../../scripts/start-envoy.ts'
import { sendHttp1 } from '../../scenario/http.ts'
import { createIdentities } from '../../scenario/identities.ts'
import { startPod } from '../../scenario/pod.ts'
import { startService } from '../../scenario/service.ts'
import { authzPortAt, type RunningService } from '../../scenario/source.ts'
import type { Example } from './data.ts'
import type { Site } from './run.ts'

type Behind = {
  readonly envoy: string
  readonly example: Example
  /** By default on the folder itself. */
  readonly serve?: (folder: string, config: string) => Promise<RunningService>
}

/** The service, one Envoy with all listeners of the example, and one pod behind it. */
export const behindEnvoy =
  ({ envoy, example, serve = startService }: Behind) =>
  async (folder: string, config: string): Promise<Site> => {
    const stops: (() => Promise<void>)[] = []
    const stop = async () => {
      for (const each of stops.splice(0).toReversed()) await each()
    }
    try {
      const pod = await startPod()
      stops.push(pod.close)
      const service = await serve(folder, config)
      stops.push(service.stop)
      const { caller } = example
      const identities = await createIdentities(path.join(folder, 'certificates'), [
        caller,
        ...Object.values(example.listeners).map(({ mtls }) => mtls),
      ])
      const listeners = Object.entries(example.listeners).map(([name, { address, mtls }]) => ({
        name,
        host: address,
        port: 0,
        authzPort: authzPortAt(service, address),
        httpUpstreamPort: pod.httpPort,
        ...(mtls === undefined ? {} : { tls: identities.serverOf(mtls) }),
      }))
      const bootstrap = envoyBootstrap({ listeners })
      const proxy = await startEnvoy({ envoy, bootstrap, folder })
      stops.push(proxy.stop)

      let count = 0
      const send: Site['send'] = async (at, { headers, ...request }) => {
        count += 1
        const id = `request-${count}`
        const { address = '', mtls } = example.listeners[at] ?? {}
        const answer = await sendHttp1({
          ...request,
          address,
          port: proxy.portOf(at),
          tls: mtls === undefined ? undefined : identities.clientOf(caller),
          headers: { 'x-request-id': id, ...headers },
        })
        return { ...answer, received: pod.receivedWith(id) }
      }
      return { service, send, stop }
    } catch (fault) {
      await stop()
      throw fault
    }
  }
