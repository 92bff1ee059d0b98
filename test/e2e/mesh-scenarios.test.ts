import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statusByReview } from '../support/cluster-asking.ts'
import {
  changes as changesIssuers,
  readExample as readProviders,
} from '../support/identity-providers/data.ts'
import * as providers from '../support/identity-providers/run.ts'
import {
  type ExampleMesh,
  scenarioIn,
  serveAnew,
  siteIn,
  startExampleMesh,
  undo,
} from '../support/istio/example-mesh.ts'
import { applySetting, type Setting } from '../support/istio/overlays.ts'
import { configIn } from '../support/scenario/cluster-source.ts'
import {
  type Change,
  changes,
  type Example,
  type Row,
  readExample,
  type Send,
} from '../support/scenario/data.ts'
import { takeSteps } from '../support/scenario/steps.ts'
import type { Scenario } from '../support/scenario.ts'

const folderOf = (name: string) => path.join(import.meta.dirname, '../../examples', name)

const JOB = readExample(folderOf('evaluation-job'))
const POLICY = readExample(folderOf('predictor-policy'))
const ROTATION = readExample(folderOf('llm-token-rotation'))
const CLIENTS = readExample(folderOf('in-cluster-clients'))
const PROVIDERS = { ...readProviders(folderOf('identity-providers')), namespace: 'ml' }
const NAME = 'identity-providers'

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

/** Rows that change nothing share one run of the service for each configuration. */
function runner(example: Example, watched: (scenario: Scenario) => Scenario = (each) => each) {
  let served: string | undefined
  return async (row: Row) => {
    const file = row.config ?? example.config
    const config = configIn(file === undefined ? undefined : path.join(example.folder, file))
    const made = [...row.given, ...row.steps.filter(isChange)]
    const scenario = watched(await scenarioIn(mesh, example))
    for (const change of row.given) await scenario.change(change)
    if (changes(row) || served !== String(file)) await serveAnew(mesh, config)
    served = changes(row) ? undefined : String(file)
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

  /** With each answer, `kubectl auth can-i get inferenceservices/granite` says the same. */
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

type PolicySetting = Setting & { readonly at: readonly string[] }

const SETTINGS: readonly PolicySetting[] = [
  { overlay: 'default', paths: 'BASE', at: ['gateway', 'pod behind notPaths'] },
  {
    overlay: 'default',
    paths: 'MERGE_SLASHES',
    at: ['pod behind notPaths that merges slashes'],
  },
  { overlay: 'every-path', paths: 'NONE', at: ['raw pod'] },
  { overlay: 'every-path', paths: 'BASE', at: ['gateway', 'pod'] },
]

/** Where a step is sent. Requests of which nobody counts the checks are the same with either overlay. */
const placesOf = ({ overlay, paths, at }: PolicySetting, step: Send): readonly string[] => {
  const same = overlay === 'default' && paths === 'BASE' && step.expect.checks === undefined
  return step.at.filter((each) => at.includes(each) || (same && each === 'pod'))
}

/** What of a row is sent in a setting. */
const rowIn = (setting: PolicySetting, row: Row): Row => ({
  ...row,
  steps: row.steps.flatMap((step): Row['steps'] => {
    if (!('send' in step)) return [step]
    const at = placesOf(setting, step)
    return at.length === 0 ? [] : [{ ...step, at: [...at] }]
  }),
})

const sends = ({ steps }: Row): readonly Send[] => steps.filter((step) => 'send' in step)

describe("OpenDataHub's predictor policy (scenario 2)", () => {
  const run = runner(POLICY)

  describe.each(SETTINGS)('with the overlay $overlay, and paths $paths', (setting) => {
    beforeAll(() => applySetting(mesh, setting))

    const rows = POLICY.rows
      .map((row) => rowIn(setting, row))
      .filter((row) => sends(row).length > 0)

    it.each(rows)('$name', run)
  })

  it('every request of its page was sent', () => {
    const left = POLICY.rows.flatMap(sends).map((step) => ({
      ...step,
      at: step.at.filter((at) => !SETTINGS.some((each) => placesOf(each, step).includes(at))),
    }))
    expect(left.filter(({ at }) => at.length > 0)).toEqual([])
  })
})

describe('an LLM whose key is rotated (scenario 3)', () => {
  it.each(ROTATION.rows)('$name', runner(ROTATION))
})

describe('identity providers (scenario 4)', () => {
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
})

describe('clients in the cluster, by ServiceAccount (scenario 5)', () => {
  it.each(CLIENTS.rows)('$name', runner(CLIENTS))
})
