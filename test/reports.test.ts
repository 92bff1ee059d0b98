import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/app/engine.ts'
import { explain } from '../src/cli/check.ts'
import { checkMessage } from '../src/cli/check-message.ts'
import { readConfig } from '../src/config/read-config.ts'
import { encodeCheckRequest } from '../src/envoy/protocol.ts'

/** Folders from bug reports of KServe users, with the required answers. */
const REPORTS = path.join(import.meta.dirname, 'fixtures/reports')

const TEAM_KEY = 'authorization: Bearer demo-key-of-team-not-a-secret-1'
const ML_KEY = 'authorization: Bearer demo-key-of-ml-team-not-a-secret'
const READER = 'authorization: Bearer demo-token-of-reader-not-a-secret'
const V2_TOKEN = 'authorization: Bearer demo-token-of-v2-not-a-secret'

const named = (model: string, header = 'X-Gateway-Model-Name') => `${header}: ${model}`

type Row = readonly [
  report: string,
  url: string,
  headers: readonly string[],
  answer: string,
  target?: string,
]

const engines: Engine[] = []
afterAll(() => Promise.all(engines.map((engine) => engine.close())))

type Opened = { readonly engine: Engine; readonly problems: readonly string[] }

async function openReport(report: string, config: object): Promise<Opened> {
  const problems: string[] = []
  const manifests = path.join(REPORTS, report)
  const engine = await openEngine({
    config: readConfig({
      file: { path: 'config.yaml', text: JSON.stringify(config) },
      env: {},
      flags: { manifests },
    }),
    manifests,
    reportProblem: ({ object, reason }) => problems.push(`${object} ${reason}`),
    reportFault: () => {},
    reportOutage: () => {},
  })
  engines.push(engine)
  return { engine, problems }
}

async function answersOf(report: string, config: object = {}) {
  const { engine } = await openReport(report, config)
  return async (url: string, header: readonly string[]) => {
    const message = encodeCheckRequest(checkMessage({ header }, 'POST', url))
    const { decision, reason, target } = await explain(engine, message, 'gateway')
    return { answer: reason || decision, target: target ?? undefined }
  }
}

/** At the sidecar of a pod: the answer, and the headers removed from the request. */
async function askPod({ engine }: Opened, destination: string, header: readonly string[]) {
  const message = encodeCheckRequest(
    checkMessage({ header, destination }, 'POST', `http://${destination}:8000/${CHAT}`),
  )
  const { decision, reason, target, headers } = await explain(engine, message, 'workload')
  return { answer: reason || decision, target, removed: headers.remove }
}

const CHAT = 'v1/chat/completions'
const ADAPTER = 'publishers/team/models/adapter-1'
const LORA = 'LLMInferenceService team/lora-two'

const ROWS: readonly Row[] = [
  ['lora', `http://sklearn-iris.demo/${CHAT}`, [named(ADAPTER)], 'missing-credential'],
  ['lora', 'http://203.0.113.51/', [named(ADAPTER), TEAM_KEY], 'allow', LORA],
  ['lora', `http://203.0.113.51/team/lora-two/${CHAT}`, [named(ADAPTER), TEAM_KEY], 'allow', LORA],
  [
    'lora',
    `http://203.0.113.51/team/lora-two/${CHAT}`,
    [named('adapter-2'), TEAM_KEY],
    'allow',
    LORA,
  ],
  [
    'lora-own-header',
    `http://sklearn-iris.demo/${CHAT}`,
    [named(ADAPTER, 'x-ai-eg-model')],
    'missing-credential',
  ],
  [
    'lora-own-header',
    'http://203.0.113.51/',
    [named(ADAPTER, 'x-ai-eg-model'), TEAM_KEY],
    'allow',
    LORA,
  ],
  [
    'lora-own-header',
    `http://203.0.113.51/team/lora-two/${CHAT}`,
    [named(ADAPTER, 'x-ai-eg-model'), TEAM_KEY],
    'allow',
    LORA,
  ],
  [
    'baseref',
    `http://203.0.113.51/publishers/team/models/chat-8b/${CHAT}`,
    [named('publishers/team/models/chat-8b'), TEAM_KEY],
    'allow',
    'LLMInferenceService team/prod-chat',
  ],
  [
    'baseref',
    `http://sklearn-iris.demo/${CHAT}`,
    [named('publishers/team/models/chat-8b')],
    'missing-credential',
  ],
  [
    'custom-route',
    'http://sklearn-iris-predictor.demo.svc.cluster.local/my-tenant/my-model/v1/completions',
    [],
    'unknown-target',
  ],
  [
    'custom-route',
    'http://203.0.113.51/my-tenant/my-model/v1/completions',
    [],
    'missing-credential',
    'LLMInferenceService team/llama',
  ],
  [
    'model-routing',
    `http://203.0.113.3/ml-team/my-llm/${CHAT}`,
    [READER],
    'allow',
    'LLMInferenceService ml-team/my-llm',
  ],
  ['model-routing', `http://203.0.113.3/ml-team/my-llm/${CHAT}`, [ML_KEY], 'allow'],
  [
    'model-routing',
    `http://203.0.113.3/${CHAT}`,
    [named('publishers/ml-team/models/my-llm'), READER],
    'allow',
    'LLMInferenceService ml-team/my-llm',
  ],
  ['model-routing', `http://203.0.113.3/${CHAT}`, [READER], 'unknown-target'],
  [
    'canary-group',
    `http://203.0.113.9/publishers/my-namespace/models/my-model/${CHAT}`,
    [V2_TOKEN],
    'allow',
    'LLMInferenceService my-namespace/my-model-v2',
  ],
  ['old-names', 'http://failure-rate-predictor-default.dev-profile/v1/models/m', [], 'allow'],
  [
    'domains',
    'http://isvc-custom-default.inference-qa.dsp.dev.example.org/v1/models/m',
    [],
    'missing-credential',
    'InferenceService default/isvc-custom',
  ],
  ['own-hosts', 'http://iris.models.example.org/v1/models/m', [], 'unknown-target'],
  [
    'own-transformer-name',
    'http://sklearn-driver-transformer.team.svc.cluster.local/v1/models/m',
    [],
    'unknown-target',
  ],
  [
    'own-transformer-name',
    'http://sklearn-driver-transformer-team.example.com/v1/models/m',
    [],
    'allow',
    'InferenceService team/sklearn-driver-transformer',
  ],
]

describe('reported by users:', () => {
  for (const [report, url, headers, answer, target] of ROWS) {
    it(`${report}: ${url} with ${headers.length} headers is answered ${answer}`, async () => {
      const given = await (await answersOf(report))(url, headers)
      expect(given).toMatchObject(target === undefined ? { answer } : { answer, target })
    })
  }

  it('hosts of a mesh admin are configured', async () => {
    const service = { namespace: 'team-a', name: 'sklearn-iris' }
    const ask = await answersOf('own-hosts', {
      gateways: {
        hosts: [
          { host: 'iris.models.example.org', ...service },
          { host: 'apps.example.org', path: '/kfserving/team-a/sklearn-iris', ...service },
        ],
      },
    })
    const answers = await Promise.all(
      [
        'http://iris.models.example.org/v1/models/m',
        'http://apps.example.org/kfserving/team-a/sklearn-iris',
        'http://apps.example.org/kfserving/team-a/other',
      ].map(async (url) => (await ask(url, [])).answer),
    )
    expect(answers).toEqual(['missing-credential', 'missing-credential', 'unknown-target'])
  })

  it('pd: the decoding pod keeps the credential, because the prefilling one requires it', async () => {
    const report = await openReport('pd', {})
    const target = 'LLMInferenceService team/chat-pd'
    const [decode, prefill] = ['10.244.10.1', '10.244.10.2']
    const taken = expect.arrayContaining(['authorization'])
    expect(await askPod(report, decode, [TEAM_KEY])).toEqual({
      answer: 'allow',
      target,
      removed: expect.not.arrayContaining(['authorization']),
    })
    expect(await askPod(report, prefill, [TEAM_KEY])).toEqual({
      answer: 'allow',
      target,
      removed: taken,
    })
    expect(await askPod(report, decode, [])).toMatchObject({ answer: 'missing-credential' })
    expect(await askPod(report, prefill, [])).toMatchObject({ answer: 'missing-credential' })
  })

  it('tokenizer: its pod is protected, and the scheduler causes no warning', async () => {
    const report = await openReport('tokenizer', {})
    expect(await askPod(report, '10.244.2.3', [])).toMatchObject({
      answer: 'missing-credential',
      target: 'LLMInferenceService team/chat-kv',
    })
    expect(report.problems).toEqual([])
  })
})
