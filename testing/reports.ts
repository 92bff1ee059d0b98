import path from 'node:path'

/** Folders made from what users of KServe reported, and what must be answered. */
export const REPORTS = path.join(import.meta.dirname, '../test/fixtures/reports')

export const TEAM_KEY = 'authorization: Bearer demo-key-of-team-not-a-secret-1'
const ML_KEY = 'authorization: Bearer demo-key-of-ml-team-not-a-secret'
const READER = 'authorization: Bearer demo-token-of-reader-not-a-secret'
export const CLIENT = 'authorization: Bearer demo-token-of-client-not-a-secret'
export const V2_TOKEN = 'authorization: Bearer demo-token-of-v2-not-a-secret'

export const named = (model: string, header = 'X-Gateway-Model-Name') => `${header}: ${model}`

export type ReportRow = readonly [
  report: string,
  url: string,
  headers: readonly string[],
  answer: string,
  target?: string,
]

/** The permissions that OpenDataHub's AuthPolicy asks for. */
export const OPENDATAHUB = {
  LLMInferenceService: [
    {},
    {
      group: 'serving.opendatahub.io',
      resource: 'models',
      verb: 'post',
      name: 'publishers/{namespace}/models/{model}',
    },
  ],
}

export const CHAT = 'v1/chat/completions'
const ADAPTER = 'publishers/team/models/adapter-1'
const LORA = 'LLMInferenceService team/lora-two'

export const ROWS: readonly ReportRow[] = [
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
