import { get, until } from '../../scripts/child.ts'
import { messageOf } from '../../scripts/message-of.ts'
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
  const startOnce = async (workload: Workload, bootstrap: object, ports: readonly number[]) => {
    const proxy = await startEnvoy({ envoy, folder, bootstrap })
    const ask = (page: string) => get(`http://127.0.0.1:${proxy.adminPort}${page}`)
    try {
      await until(
        `${workload.name} does not listen`,
        async () => listensOn((await ask('/listeners?format=json')).text, workload.address, ports),
        { deadlineMs: LISTEN_MS },
      )
    } catch (fault) {
      const state = await stateOf(ask)
      await proxy.stop()
      throw new Error(`${messageOf(fault)}\n${state}`)
    }
    return {
      ...proxy,
      /** Asks its admin interface for a page. */
      ask,
    }
  }
  return {
    /** Resolves once it listens on all these ports of its address. */
    start: async (workload: Workload, xdsPort: number, ports: readonly number[]) => {
      const account = `${workload.namespace}/${workload.serviceAccount}`
      await identities.issue(account)
      accounts.set(nodeIdOf(workload), account)
      const bootstrap = proxyBootstrap(workload, { xdsPort, secretsPort: secrets.port })
      return startOnce(workload, bootstrap, ports).catch((fault: unknown) => {
        // A proxy has been seen that got no listener for a minute, although istiod had accepted all objects.
        process.stderr.write(`${messageOf(fault)}\n`)
        return startOnce(workload, bootstrap, ports)
      })
    },
    close: secrets.close,
  }
}

const LISTEN_MS = 90_000

const PAGES = [
  '/listeners',
  '/init_dump',
  '/stats?usedonly&filter=cds|lds|rds|sds|init_fetch|rejected|control_plane|warming',
]

/** What the admin interface of a proxy says about what it waits for. */
async function stateOf(ask: (page: string) => Promise<{ readonly text: string }>) {
  const texts = PAGES.map(async (page) => {
    const text = await ask(page).then((answer) => answer.text, String)
    return `${page}\n${text}`
  })
  return (await Promise.all(texts)).join('\n')
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
