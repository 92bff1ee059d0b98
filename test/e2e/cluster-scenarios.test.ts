import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findEnvoy } from '../../scripts/envoy.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { CRDS } from '../../testing/cluster/crds.ts'
import { applyManifests, manifestsOf } from '../../testing/cluster/example.ts'
import { accessPolicyCrd, install } from '../../testing/cluster/installation.ts'
import {
  changes as changesIssuers,
  readExample as readProviders,
} from '../../testing/issuers/scenarios/data.ts'
import { behindEnvoy } from '../../testing/issuers/scenarios/envoy.ts'
import * as providers from '../../testing/issuers/scenarios/run.ts'
import { clusterSource } from '../../testing/scenario/cluster-source.ts'
import { changes, type Row, readExample } from '../../testing/scenario/data.ts'
import { type RunningScenario, startScenario } from '../../testing/scenario/scenario.ts'
import { takeSteps } from '../../testing/scenario/steps.ts'

const FOLDER = path.join(import.meta.dirname, '../../examples')
const CLIENTS = readExample(path.join(FOLDER, 'in-cluster-clients'))
const PROVIDERS = readProviders(path.join(FOLDER, 'identity-providers'))

let envoy = ''
let cluster: Cluster
let kubeconfig = ''
beforeAll(async () => {
  envoy = await findEnvoy(() => {})
  cluster = await startCluster({ crds: [...Object.values(CRDS), await accessPolicyCrd()] })
  kubeconfig = await install(cluster)
})
afterAll(() => cluster?.stop())

describe('examples/in-cluster-clients, in a cluster', () => {
  const { namespace, config } = CLIENTS
  let shared: Promise<RunningScenario> | undefined
  afterAll(async () => (await shared)?.stop())

  const start = ({ given }: Pick<Row, 'given'>) =>
    startScenario({
      envoy,
      example: CLIENTS,
      config,
      given,
      openSource: clusterSource({ cluster, kubeconfig, namespace }),
    })

  beforeAll(async () => applyManifests(cluster, await manifestsOf(CLIENTS.name)))

  it.each(CLIENTS.rows)('$name', async (row) => {
    if (!changes(row)) {
      shared ??= start(row)
      return takeSteps(await shared, CLIENTS, row)
    }
    const scenario = await start(row)
    try {
      await takeSteps(scenario, CLIENTS, row)
    } finally {
      await scenario.stop()
      await applyManifests(cluster, await manifestsOf(CLIENTS.name))
    }
  })
})

describe('examples/identity-providers, in a cluster', () => {
  const name = 'identity-providers'
  const namespace = 'ml'
  let shared: Promise<providers.Run> | undefined
  afterAll(async () => (await shared)?.stop())

  const serve = async (folder: string, config: string) => {
    const { start } = await clusterSource({ cluster, kubeconfig, namespace })(folder)
    return start(config)
  }
  type ProvidersRow = (typeof PROVIDERS.rows)[number]
  const start = ({ unreachable }: Pick<ProvidersRow, 'unreachable'>) =>
    providers.startRun({
      folder: path.join(FOLDER, name),
      example: PROVIDERS,
      unreachable,
      open: behindEnvoy({ envoy, example: PROVIDERS, serve }),
    })

  beforeAll(async () => applyManifests(cluster, await manifestsOf(name)))

  it.each(PROVIDERS.rows)('$name', async (row) => {
    if (!changesIssuers(row)) {
      shared ??= start(row)
      return providers.takeSteps(await shared, row)
    }
    const run = await start(row)
    await providers.takeSteps(run, row).finally(run.stop)
  })

  it('no log and no metric contains tokens or their claims', async () => {
    if (shared === undefined) expect.unreachable('no row was sent')
    else await providers.expectNoSecrets(await shared)
  })
})
