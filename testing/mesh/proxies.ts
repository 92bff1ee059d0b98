import { get, until } from '../../scripts/child.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { at, listAt, textAt } from '../json.ts'
import type { Identities } from './identities.ts'
import { nodeIdOf, proxyBootstrap } from './proxy-bootstrap.ts'
import { startSecretServer } from './secrets.ts'
import type { Workload } from './workload.ts'

type Preparations = {
  /** Path of the binary. */
  readonly envoy: string
  readonly folder: string
  readonly identities: Identities
}

/** Starts proxies with configuration from istiod, and certificates from here. */
export async function prepareProxies({ envoy, folder, identities }: Preparations) {
  const accounts = new Map<string, string>()
  const secrets = await startSecretServer((node) => identities.of(accounts.get(node) ?? ''))
  return {
    /** Resolves once it listens on all these ports of its address. */
    start: async (workload: Workload, xdsPort: number, ports: readonly number[]) => {
      const account = `${workload.namespace}/${workload.serviceAccount}`
      await identities.issue(account)
      accounts.set(nodeIdOf(workload), account)
      const bootstrap = proxyBootstrap(workload, { xdsPort, secretsPort: secrets.port })
      const proxy = await startEnvoy({ envoy, folder, bootstrap })
      const ask = (page: string) => get(`http://127.0.0.1:${proxy.adminPort}${page}`)
      try {
        await until(`${workload.name} does not listen`, async () =>
          listensOn((await ask('/listeners?format=json')).text, workload.address, ports),
        )
      } catch (fault) {
        await proxy.stop()
        throw fault
      }
      return {
        ...proxy,
        /** The port of its admin interface. */
        ask,
      }
    },
    close: secrets.close,
  }
}

function listensOn(listeners: string, address: string, ports: readonly number[]) {
  const sockets = listAt(JSON.parse(listeners), 'listener_statuses').map((status) =>
    at(status, 'local_address', 'socket_address'),
  )
  const has = (port: number) =>
    sockets.some(
      (socket) => textAt(socket, 'address') === address && at(socket, 'port_value') === port,
    )
  return ports.every(has) || undefined
}
