import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statusByReview } from '../../testing/cluster/asking.ts'
import { writtenOf } from '../../testing/cluster/installation.ts'
import {
  changes as changesIssuers,
  readExample as readProviders,
} from '../../testing/issuers/scenarios/data.ts'
import * as providers from '../../testing/issuers/scenarios/run.ts'
import { at } from '../../testing/json.ts'
import {
  type ExampleMesh,
  scenarioIn,
  serveAnew,
  siteIn,
  startExampleMesh,
  undo,
} from '../../testing/mesh/example-mesh.ts'
import { applySetting } from '../../testing/mesh/overlays.ts'
import { leftOut, rowsIn, SETTINGS } from '../../testing/mesh/policy-settings.ts'
import { configIn } from '../../testing/scenario/cluster-source.ts'
import {
  type Change,
  type Example,
  listenerOf,
  type Row,
  readExample,
} from '../../testing/scenario/data.ts'
import type { Scenario } from '../../testing/scenario/scenario.ts'
import { takeSteps } from '../../testing/scenario/steps.ts'

const folderOf = (name: string) => path.join(import.meta.dirname, '../../examples', name)

const JOB = readExample(folderOf('evaluation-job'))
const POLICY = readExample(folderOf('predictor-policy'))
const ROTATION = readExample(folderOf('llm-token-rotation'))
const CLIENTS = readExample(folderOf('in-cluster-clients'))
const PROVIDERS = { ...readProviders(folderOf('identity-providers')), namespace: 'ml' }
const NAME = 'identity-providers'
const PAGE = path.join(import.meta.dirname, '../../docs/istio/access-log.md')

let mesh: ExampleMesh
beforeAll(async () => {
  mesh = await startExampleMesh([
    JOB,
    POLICY,
    ROTATION,
    { ...CLIENTS, permissive: true },
    { ...PROVIDERS, name: NAME },
  ])
})
afterAll(() => mesh?.stop())

/** The service is restarted for each configuration, and after a row that changed the cluster. */
function runner(example: Example, watched: (scenario: Scenario) => Scenario = (each) => each) {
  let served: string | undefined
  return async (row: Row) => {
    const file = row.config ?? example.config
    const config = configIn(file === undefined ? undefined : path.join(example.folder, file))
    const made = [...row.given, ...row.steps.filter(isChange)]
    const scenario = watched(await scenarioIn(mesh, example))
    for (const change of row.given) await scenario.change(change)
    if (row.given.length > 0 || served !== String(file)) await serveAnew(mesh, config)
    served = made.length > 0 ? undefined : String(file)
    try {
      await takeSteps(scenario, example, row)
    } finally {
      if (made.length > 0) await undo(mesh, example, made)
    }
  }
}

const isChange = (step: Row['steps'][number]): step is Change => !('send' in step || 'can' in step)

describe('an evaluation job against a protected model (scenario 1)', () => {
  it.each(JOB.rows)('$name', runner(JOB, agreeing))

  /** For each answer, `kubectl auth can-i get inferenceservices/granite` agrees. */
  function agreeing(scenario: Scenario): Scenario {
    const granite = { namespace: JOB.namespace, name: 'granite' }
    const send: Scenario['send'] = async (request) => {
      const outcome = await scenario.send(request)
      const token = outcome.authorization?.replace('Bearer ', '')
      const may = token === undefined ? 401 : await statusByReview(mesh.cluster, token, granite)
      expect(outcome.status, `at ${request.at}, and by review`).toBe(may)
      return outcome
    }
    return { ...scenario, send }
  }
})

describe("OpenDataHub's predictor policy (scenario 2)", () => {
  const run = runner(POLICY)

  describe.each(SETTINGS)('with the overlay $overlay, and paths $paths', (setting) => {
    beforeAll(() => applySetting(mesh, setting))

    it.each(rowsIn(setting, POLICY.rows))('$name', run)
  })

  it('every request of its page was sent', () => {
    expect(leftOut(POLICY.rows)).toEqual([])
  })
})

describe('an LLM whose key is rotated (scenario 3)', () => {
  it.each(ROTATION.rows)('$name', runner(ROTATION))
})

describe('the id of a request', () => {
  beforeAll(async () => {
    await serveAnew(mesh, configIn(path.join(ROTATION.folder, 'config.yaml')))
  })

  /** At the model, and in the lines of the decision log: each only once. */
  const idsAt = async (to: string, lines: number): Promise<readonly unknown[]> => {
    const before = mesh.service.now().decisions.length
    const { host } = listenerOf(ROTATION, 'gateway')
    const key = { authorization: 'Bearer demo-key-of-january-not-a-secret' }
    const headers = { ...key, 'x-request-id': 'of-the-caller' }
    const { reached } = await mesh.ask({ to, as: 'llm/caller', host, headers })
    const logged = () => mesh.service.now().decisions.slice(before)
    await expect.poll(logged).toHaveLength(lines)
    const atModel = reached.map((one) => one.headers['x-request-id'])
    return [...new Set([...atModel, ...logged().map((line) => at(line, 'requestId'))])]
  }

  it('is that of the caller at a sidecar', async () => {
    expect(await idsAt('llama3-predictor-0', 1)).toEqual(['of-the-caller'])
  })

  it('is that of the gateway from there on, unless Envoy keeps external ones', async () => {
    const ids = await idsAt('gateway', 2)
    expect(ids).toHaveLength(1)
    expect(ids).not.toContain('of-the-caller')

    const text = await readFile(PAGE, 'utf8')
    const [, filter = ''] = /```yaml\n(apiVersion: networking[\s\S]*?)```/.exec(text) ?? []
    const keeping = writtenOf(load(filter))
    await mesh.cluster.apply(keeping)
    await expect.poll(() => idsAt('gateway', 2)).toEqual(['of-the-caller'])
    await mesh.cluster.delete(keeping)
  })
})

describe('identity providers (scenario 4)', () => {
  beforeAll(() => applySetting(mesh, { overlay: 'every-path', paths: 'BASE' }))

  let shared: Promise<providers.Run> | undefined
  afterAll(async () => (await shared)?.stop())

  type ProvidersRow = (typeof PROVIDERS.rows)[number]
  const start = ({ unreachable }: ProvidersRow) =>
    providers.startRun({
      folder: folderOf(NAME),
      example: PROVIDERS,
      unreachable,
      open: siteIn(mesh, NAME, PROVIDERS),
    })

  it.each(PROVIDERS.rows)('$name', async (row) => {
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

  it("behind `notPaths` only a gateway removes a client's own `kubeflow-userid`", async () => {
    await applySetting(mesh, { overlay: 'default', paths: 'BASE' })
    const headers = { 'kubeflow-userid': 'root@example.com' }
    const { host = '' } = PROVIDERS.listeners.gateway ?? {}
    const asked = { host, path: '/healthz', headers }

    const atPod = await mesh.ask({ ...asked, to: 'churn-predictor-0', as: PROVIDERS.caller })
    expect(atPod.reached).toMatchObject([{ path: '/healthz', headers }])
    const atGateway = await mesh.ask({ ...asked, to: 'gateway' })
    expect(atGateway.reached).toMatchObject([{ path: '/healthz' }])
    expect(atGateway.reached[0]?.headers).not.toHaveProperty('kubeflow-userid')
  })
})

describe('clients in the cluster, by ServiceAccount (scenario 5)', () => {
  it.each(CLIENTS.rows)('$name', runner(CLIENTS))
})
