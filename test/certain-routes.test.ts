import { describe, expect, it } from 'vitest'
import { askFolder } from '../testing/kserve/answers.ts'

const HOST = '203.0.113.1'
const CHAT = 'LLMInferenceService team/chat'
const TAKER = 'LLMInferenceService other/taker'

const gateway = { namespace: 'kserve', name: 'shared' }
const origin = { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...gateway }
const isUp = [
  { type: 'HTTPRoutesReady', status: 'True' },
  { type: 'GatewaysReady', status: 'True' },
]

const address = (path: string, models?: readonly string[]) => ({
  name: path === '/' ? 'gateway-external-model-routing' : 'gateway-external',
  url: `http://${HOST}${path}`,
  origin,
  ...(models === undefined ? {} : { models: models.map((name) => ({ name })) }),
})

const llm = (namespace: string, name: string, spec: object, addresses: readonly object[]) => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { namespace, name },
  spec,
  status: { conditions: isUp, addresses },
})

/** With a LoRA adapter, and what a version of KServe writes into its status. */
const chat = (addresses: readonly object[]) =>
  llm(
    'team',
    'chat',
    {
      model: { name: 'chat', lora: { adapters: [{ name: 'sql' }] } },
      router: { gateway: { refs: [gateway] }, route: {} },
    },
    addresses,
  )

const named = (name: string) => `publishers/team/models/${name}`
const LISTED = [named('chat'), named('sql'), 'chat', 'sql']

const STATUS = {
  '0.20': [
    address('/team/chat', LISTED),
    address('/publishers/team/models/chat', LISTED),
    address('/', [named('chat'), named('sql')]),
  ],
  '0.20 without routes by model': [
    address('/team/chat', LISTED),
    address('/publishers/team/models/chat', LISTED),
  ],
  '0.19': [address('/team/chat'), address('/')],
  '0.17': [address('/team/chat')],
}

/** A service without a status whose own route takes what no other route of the gateway takes. */
const taker = (match: object) =>
  llm(
    'other',
    'taker',
    {
      model: { name: 'taker' },
      router: {
        route: { http: { spec: { parentRefs: [origin], rules: [{ matches: [match] }] } } },
      },
    },
    [],
  )

const EVERY_PATH = { path: { type: 'PathPrefix', value: '/' } }
const BELOW_V1 = { path: { type: 'PathPrefix', value: '/v1' } }
const BY_HEADER = { headers: [{ name: 'x-own', value: 'yes' }] }

const targetsFor = (status: readonly object[], match: object, path: string, model?: string) =>
  targetsIn([chat(status), taker(match)], {
    path,
    headers: {
      'x-own': 'yes',
      ...(model === undefined ? {} : { 'x-gateway-model-name': model }),
    },
  })

type Given = { readonly path: string; readonly headers?: Readonly<Record<string, string>> }

async function targetsIn(
  objects: readonly object[],
  { path, headers = {} }: Given,
  { host = HOST, config = {} } = {},
): Promise<readonly string[]> {
  const asking = await askFolder(objects, config)
  try {
    const { targets } = await asking.ask({ gateway: 'kserve/shared', host, path, headers })
    return targets.toSorted()
  } finally {
    await asking.close()
  }
}

const COMPLETIONS = '/v1/chat/completions'

describe("a route of KServe's precedes the own route of another service", () => {
  it.each([
    ['its path', '0.17', BY_HEADER, `/team/chat${COMPLETIONS}`, undefined],
    ["its model's path", '0.20', BY_HEADER, `/${named('chat')}${COMPLETIONS}`, undefined],
    ['the model header', '0.20', EVERY_PATH, COMPLETIONS, named('chat')],
    ['the model header', '0.19', EVERY_PATH, COMPLETIONS, named('chat')],
    ["an adapter's model header", '0.20', EVERY_PATH, COMPLETIONS, named('sql')],
    ["an adapter's model header", '0.19', EVERY_PATH, COMPLETIONS, named('sql')],
    ['the model header', '0.20', BELOW_V1, COMPLETIONS, named('chat')],
  ] as const)('if the status shows it: %s, %s', async (_title, version, match, path, model) => {
    expect(await targetsFor(STATUS[version], match, path, model)).toEqual([CHAT])
  })

  it.each([
    ["its model's path, which 0.19 does not have", '0.19', BY_HEADER, `/${named('chat')}/v1/a`],
    ["an adapter's path, which no version has", '0.20', BY_HEADER, `/${named('sql')}/v1/a`],
  ] as const)('unless it may be missing: %s', async (_title, version, match, path) => {
    expect(await targetsFor(STATUS[version], match, path)).toEqual([TAKER, CHAT])
  })

  it.each([
    ['a model without its publisher', '0.20', EVERY_PATH, COMPLETIONS, 'chat'],
    ['a gateway without routes by model', '0.20 without routes by model', EVERY_PATH, COMPLETIONS],
    ['a version without routes by model', '0.17', EVERY_PATH, COMPLETIONS],
    ['a path that 0.19 does not name', '0.19', BELOW_V1, '/v1/messages'],
  ] as const)(
    'unless the model header may be ignored: %s',
    async (_title, version, match, path, model: string = named('chat')) => {
      expect(await targetsFor(STATUS[version], match, path, model)).toEqual([TAKER, CHAT])
    },
  )

  it('unless the request has the default header, and KServe another', async () => {
    const kserve = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kserve', name: 'inferenceservice-config' },
      data: { ingress: JSON.stringify({ modelBasedRoutingHeaderName: 'x-model' }) },
    }
    const objects = [kserve, chat(STATUS['0.20']), taker(EVERY_PATH)]
    const ask = (header: string) =>
      targetsIn(objects, { path: COMPLETIONS, headers: { [header]: named('chat') } })
    expect(await ask('x-model')).toEqual([CHAT])
    expect(await ask('x-gateway-model-name')).toEqual([TAKER, CHAT])
  })

  it('but at the gateways of its status only, not where a declared host may be', async () => {
    const host = 'models.example.com'
    const service = { kind: 'LLMInferenceService', namespace: 'team', name: 'chat' }
    const ask = (declared: object) =>
      targetsIn(
        [chat(STATUS['0.20']), taker(EVERY_PATH)],
        { path: '/x/v1/models' },
        { host, config: { gateways: { hosts: [{ host, path: '/x', ...service, ...declared }] } } },
      )
    expect(await ask({})).toEqual([TAKER, CHAT])
    expect(await ask({ gateways: ['kserve/shared'] })).toEqual([CHAT])
  })
})
