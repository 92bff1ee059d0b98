import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Written } from '../../testing/cluster/client.ts'
import {
  keySecret,
  kserveConfiguration,
  llmInferenceService,
  llmInferenceServiceConfig,
} from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf, LLM_PORT, llmPodOf } from '../../testing/mesh/pods.ts'

const TEAM_KEY = 'a-key-of-team-sixteen-bytes'
const OTHER_KEY = 'a-key-of-other-sixteen-bytes'
const CHAT = '/v1/chat/completions'
const OWN_HEADER = 'x-ai-eg-model'
/** The gateway's own address, which all LLMs publish. */
const GATEWAY = 'gateway.example.com'
/** A host of an open service that is routed at another gateway. */
const ELSEWHERE = 'elsewhere-team.example.com'
/** A host of a protected service, with routes unknown to KServe. */
const UNDECLARED = 'iris.models.example.org'
const DECLARED = 'declared.models.example.org'
/** A host that a tenant wrote into the status of its own service. */
const CLAIMED = 'claimed.example.com'

const models = (name: string, spec: object = {}): Written => {
  const own = `publishers/team/models/${name}`
  return {
    ...llmInferenceService('team', 'chat', name),
    spec: { model: { uri: 'hf://x/y', name, lora: { adapters: [{ name: 'adapter' }] } }, ...spec },
    status: {
      url: `http://${GATEWAY}/team/chat`,
      addresses: [
        { name: 'internal-model-routing', url: `http://${GATEWAY}/`, models: [{ name: own }] },
        { name: 'internal', url: `http://${GATEWAY}/team/chat`, models: [{ name: own }, { name }] },
      ],
    },
  }
}

const llmOf = (namespace: string, name: string, spec: object, enableAuth: string): Written => ({
  ...llmInferenceService(namespace, name, 'any'),
  metadata: {
    namespace,
    name,
    annotations: { 'security.opendatahub.io/enable-auth': enableAuth },
  },
  spec,
  status: {
    url: `http://${GATEWAY}/${namespace}/${name}`,
    addresses: [{ name: 'internal-model-routing', url: `http://${GATEWAY}/` }],
  },
})

const to = (pod: string, namespace = 'team') => ({
  route: [destination(`${pod}.${namespace}.svc.cluster.local`, LLM_PORT)],
})

const cut = { rewrite: { uri: '/' } }

/** Like KServe's HTTPRoute of an LLM, which has no hostnames. */
const routesOf = (pod: string, namespace: string, name: string, names: readonly string[]) => [
  { match: [{ uri: { prefix: `/${namespace}/${name}/` } }], ...cut, ...to(pod, namespace) },
  ...names.flatMap((model) => {
    const published = `publishers/${namespace}/models/${model}`
    return [
      { match: [{ uri: { prefix: `/${published}/` } }], ...cut, ...to(pod, namespace) },
      { match: [{ headers: { [OWN_HEADER]: { exact: published } } }], ...to(pod, namespace) },
    ]
  }),
]

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'chat-0': { labels: llmPodOf('chat'), sidecar: false },
      'free-0': { labels: llmPodOf('free'), namespace: 'other', sidecar: false },
      'based-0': { labels: llmPodOf('based'), namespace: 'other', sidecar: false },
      'iris-predictor': { labels: componentOf('iris'), sidecar: false },
      'guarded-predictor': { labels: componentOf('guarded') },
    },
    objects: [
      kserveConfiguration({
        ingressDomain: 'example.com',
        modelBasedRoutingHeaderName: OWN_HEADER,
      }),
      { ...inferenceService('team', 'elsewhere', {}), status: { url: `http://${ELSEWHERE}` } },
      { ...inferenceService('team', 'iris'), status: { deploymentMode: 'Standard' } },
      inferenceService('team', 'guarded'),
      {
        ...inferenceService('other', 'neighbour', {}),
        status: { url: `http://${CLAIMED}`, deploymentMode: 'Standard' },
      },
      models('llama'),
      llmOf('other', 'free', { model: { uri: 'hf://x/y', name: 'gpt' } }, 'false'),
      llmInferenceServiceConfig('other', 'base', 'from-base'),
      llmOf('other', 'based', { baseRefs: [{ name: 'base' }] }, 'true'),
      keySecret('team', 'reader', TEAM_KEY),
      keySecret('other', 'reader', OTHER_KEY),
      virtualService('team', 'llms', {
        hosts: ['*'],
        gateways: [INGRESS],
        http: [
          ...routesOf('chat-0', 'team', 'chat', ['llama', 'adapter']),
          ...routesOf('free-0', 'other', 'free', ['gpt']),
          ...routesOf('based-0', 'other', 'based', ['from-base']),
          // A route by its owner, for everything that no other route takes.
          to('chat-0'),
        ],
      }),
      virtualService('team', 'undeclared', {
        hosts: [UNDECLARED, DECLARED],
        gateways: [INGRESS],
        http: [{ route: [destination('iris-predictor.team.svc.cluster.local')] }],
      }),
    ],
    config: { gateways: { hosts: [{ host: DECLARED, namespace: 'team', name: 'iris' }] } },
  })
})
afterAll(() => mesh?.stop())

async function answer(host: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  const { status, reached } = await mesh.ask({
    method: 'POST',
    to: 'gateway',
    host,
    path,
    headers,
  })
  return [status, ...reached.map(({ pod }) => pod)]
}

const OF_TEAM = { 'x-api-key': TEAM_KEY }
const OF_OTHER = { 'x-api-key': OTHER_KEY }
const named = (namespace: string, model: string) => ({
  [OWN_HEADER]: `publishers/${namespace}/models/${model}`,
})

describe('every name of a model leads to its LLM and requires its credential:', () => {
  it.each([
    ['the model', 'team', 'llama', 'chat-0', OF_TEAM],
    ['a LoRA adapter', 'team', 'adapter', 'chat-0', OF_TEAM],
    ['the model of a baseRef', 'other', 'from-base', 'based-0', OF_OTHER],
  ])('%s', async (_title, namespace, model, pod, key) => {
    const published = `/publishers/${namespace}/models/${model}${CHAT}`
    const header = named(namespace, model)
    for (const [path, headers] of [
      [published, {}],
      [CHAT, header],
      [published, header],
    ] as const) {
      expect(await answer(GATEWAY, path, headers)).toEqual([401])
      expect(await answer(GATEWAY, path, { ...headers, ...key })).toEqual([200, pod])
      expect((await answer(ELSEWHERE, path, headers))[0]).toBe(401)
    }
  })

  it('an unknown name leads nowhere', async () => {
    for (const host of [GATEWAY, ELSEWHERE]) {
      expect(await answer(host, CHAT, named('team', 'none'))).toEqual([403])
      expect(await answer(host, CHAT, { [OWN_HEADER]: 'none' })).toEqual([403])
      expect(await answer(host, `/publishers/team/models/none${CHAT}`)).toEqual([403])
    }
  })
})

describe('an open LLM', () => {
  const PATH = `/other/free${CHAT}`

  it('answers at the host that its status publishes', async () => {
    expect(await answer(GATEWAY, PATH)).toEqual([200, 'free-0'])
    expect(await answer(GATEWAY, CHAT, named('other', 'gpt'))).toEqual([200, 'free-0'])
  })

  it('opens no host that is not its own', async () => {
    for (const host of [UNDECLARED, 'nobody.example.net']) {
      expect(await answer(host, PATH)).toEqual([403])
      expect(await answer(host, CHAT, named('other', 'gpt'))).toEqual([403])
      expect(await answer(host, PATH, OF_OTHER)).toEqual([403])
    }
  })
})

describe('a host unknown to KServe', () => {
  it('leads to no service unless it is configured', async () => {
    expect(await answer(UNDECLARED, CHAT, OF_TEAM)).toEqual([403])
    expect(await answer(DECLARED, CHAT)).toEqual([401])
    expect(await answer(DECLARED, CHAT, OF_TEAM)).toEqual([200, 'iris-predictor'])
  })
})

describe('a status with the root of the gateway as its URL', () => {
  it('does not own it: each LLM requires its own credential', async () => {
    expect(await answer(GATEWAY, `/team/chat${CHAT}`, OF_TEAM)).toEqual([200, 'chat-0'])
    expect(await answer(GATEWAY, `/other/based${CHAT}`, OF_OTHER)).toEqual([200, 'based-0'])
    expect(await answer(GATEWAY, '/v1/models')).toEqual([403])
  })
})

describe('at a pod', () => {
  const atPod = async (host: string, headers = {}) => {
    const { status, reached } = await mesh.ask({
      method: 'POST',
      to: 'guarded-predictor',
      host,
      path: CHAT,
      headers,
    })
    return [status, ...reached.map(({ pod }) => pod)]
  }

  it("a host that another tenant only publishes does not affect the pod's own callers", async () => {
    expect(await atPod(CLAIMED, OF_TEAM)).toEqual([200, 'guarded-predictor'])
    expect(await atPod(CLAIMED)).toEqual([401])
  })

  it('a host that another service has by name is denied', async () => {
    expect(await atPod('elsewhere.team.svc.cluster.local', OF_TEAM)).toEqual([403])
  })

  it('with an unknown address the Host never selects the service', async () => {
    await mesh.cluster.delete({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'team', name: 'guarded-predictor' },
    })
    await expect.poll(async () => (await atPod(ELSEWHERE))[0]).toBe(403)
    expect(await atPod(ELSEWHERE, OF_TEAM)).toEqual([403])
  })
})
