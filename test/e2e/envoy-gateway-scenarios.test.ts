import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import {
  objectsFor,
  routesOf,
  rowsAtGateway,
  writeRoutes,
} from '../../testing/envoy-gateway/examples.ts'
import { gatewayObjects } from '../../testing/envoy-gateway/objects.ts'
import { type EnvoyGateway, startEnvoyGateway } from '../../testing/envoy-gateway/start.ts'
import {
  changes as changesIssuers,
  type Row as ProvidersRow,
  readExample as readProviders,
} from '../../testing/issuers/scenarios/data.ts'
import * as providers from '../../testing/issuers/scenarios/run.ts'
import { readExample } from '../../testing/scenario/data.ts'
import { folderSource } from '../../testing/scenario/folder-source.ts'
import { sendHttp1 } from '../../testing/scenario/http.ts'
import { startPod } from '../../testing/scenario/pod.ts'
import { type FrontPorts, startScenario } from '../../testing/scenario/scenario.ts'
import { startService } from '../../testing/scenario/service.ts'
import { takeSteps } from '../../testing/scenario/steps.ts'

const folderOf = (name: string) => path.join(import.meta.dirname, '../../examples', name)

let gateway: EnvoyGateway
let envoy = ''
beforeAll(async () => {
  envoy = await findEnvoy(() => {})
  gateway = await startEnvoyGateway(await gatewayObjects(1))
})
afterAll(() => gateway?.stop())

const EXAMPLES = [
  ['an evaluation job against a protected model (scenario 1)', 'evaluation-job'],
  ["OpenDataHub's predictor policy (scenario 2)", 'predictor-policy'],
  ['an LLM whose key is rotated (scenario 3)', 'llm-token-rotation'],
  ['clients in the cluster, by ServiceAccount (scenario 5)', 'in-cluster-clients'],
] as const

describe.each(EXAMPLES)('%s, through Envoy Gateway', (_title, name) => {
  const example = readExample(folderOf(name))

  it.each(rowsAtGateway(example))('$name', async (row) => {
    const routes = await routesOf(name)
    const config = row.config ?? example.config
    const openSource = async (folder: string) => {
      await writeRoutes(folder, routes)
      return folderSource(example, config)(folder)
    }
    const startFront = async ({ authz, httpUpstream: http, grpcUpstream: grpc }: FrontPorts) => {
      await gateway.apply(await objectsFor(routes, { authz, http, grpc }))
      return { address: gateway.address, portOf: () => gateway.port, stop: async () => {} }
    }
    const how = { config, given: row.given, openSource, startFront }
    const scenario = await startScenario({ envoy, example, ...how })
    await takeSteps(scenario, example, row).finally(scenario.stop)
    expect(scenario.decisions().map(({ position }) => position)).not.toContain('workload')
  })
})

describe('identity providers (scenario 4), through Envoy Gateway', () => {
  const NAME = 'identity-providers'
  const example = readProviders(folderOf(NAME))
  const rows = example.rows.flatMap((row): readonly ProvidersRow[] => {
    const steps = row.steps.flatMap((step): ProvidersRow['steps'] => {
      if (!('send' in step)) return [step]
      const at = step.at.filter((each) => example.listeners[each]?.address === '127.0.0.1')
      return at.length === 0 ? [] : [{ ...step, at }]
    })
    // The expiry of keys is measured from the start of the service, which is earlier here.
    const isTimed = steps.some((step) => 'becomes' in step && step.becomes.startsWith('signing'))
    return isTimed || !steps.some((step) => 'send' in step) ? [] : [{ ...row, steps }]
  })

  async function open(folder: string, config: string): Promise<providers.Site> {
    const routes = await routesOf(NAME)
    await writeRoutes(folder, routes)
    const pod = await startPod()
    const service = await startService(folder, config)
    const ports = { authz: service.authzPorts.gateway, http: pod.httpPort, grpc: pod.grpcPort }
    await gateway.apply(await objectsFor(routes, ports))
    let count = 0
    return {
      service,
      send: async (_at, { headers, ...request }) => {
        count += 1
        const id = `request-${count}`
        const { address, port } = gateway
        const to = { ...request, address, port, headers: { 'x-request-id': id, ...headers } }
        return { ...(await sendHttp1(to)), received: pod.receivedWith(id) }
      },
      stop: async () => {
        await service.stop()
        await pod.close()
      },
    }
  }

  const start = ({ unreachable }: Pick<ProvidersRow, 'unreachable'>) =>
    providers.startRun({ folder: folderOf(NAME), example, unreachable, open })

  let shared: Promise<providers.Run> | undefined
  afterAll(async () => (await shared)?.stop())

  // Rows that share a run come first: one Envoy Gateway uses one service at a time.
  it.each(
    rows.toSorted((one, other) => Number(changesIssuers(one)) - Number(changesIssuers(other))),
  )('$name', async (row) => {
    const own = changesIssuers(row) ? await start(row) : undefined
    if (own === undefined) shared ??= start(row)
    const run = own ?? (await shared)
    if (run === undefined) throw new Error('nothing runs')
    try {
      await providers.takeSteps(run, row)
      await providers.expectNoSecrets(run)
    } finally {
      await own?.stop()
    }
  })
})
