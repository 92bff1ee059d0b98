import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Written } from '../../testing/cluster/client.ts'
import {
  keySecret,
  kserveConfiguration,
  llmInferenceService,
} from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf, LLM_PORT, llmPodOf } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const WITH_KEY = { 'x-api-key': KEY }
const SHARED = 'llm.example.com'
const DOMAIN = 'models.example.com'
const CHAT = '/v1/chat/completions'

const open = (service: Written): Written => ({
  ...service,
  metadata: {
    ...service.metadata,
    annotations: { 'security.opendatahub.io/enable-auth': 'false' },
  },
})

/** KServe's routes of LLMs: by the path of the service, of the published model, or by a header. */
const llmRoute = (name: string, model: string) => {
  const route = [destination(`${name}-0.team.svc.cluster.local`, LLM_PORT)]
  const cut = { rewrite: { uri: '/' }, route }
  const published = `publishers/team/models/${model}`
  return [
    { match: [{ uri: { prefix: `/team/${name}/` } }], ...cut },
    { match: [{ uri: { prefix: `/${published}/` } }], ...cut },
    { match: [{ headers: { 'x-gateway-model-name': { exact: published } } }], route },
  ]
}

/** KServe's routes by path: the prefix is stripped. */
const pathRoute = (name: string) => ({
  match: [{ uri: { prefix: `/serving/team/${name}/` } }],
  rewrite: { uri: '/' },
  route: [destination(`${name}-predictor.team.svc.cluster.local`)],
})

/** No sidecar makes a second check. */
const BARE = { sidecar: false }

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'chat-0': { labels: llmPodOf('chat'), ...BARE },
      'free-0': { labels: llmPodOf('free'), ...BARE },
      'iris-predictor': { labels: componentOf('iris'), ...BARE },
      'open-predictor': { labels: componentOf('open'), ...BARE },
    },
    objects: [
      kserveConfiguration({
        ingressDomain: DOMAIN,
        pathTemplate: '/serving/{{ .Namespace }}/{{ .Name }}',
      }),
      llmInferenceService('team', 'chat', 'llama', SHARED),
      open(llmInferenceService('team', 'free', 'gpt', SHARED)),
      inferenceService('team', 'iris'),
      inferenceService('team', 'open', {}),
      keySecret('team', 'reader', KEY, 'LLMInferenceService/chat, InferenceService/iris'),
      virtualService('team', 'llm', {
        hosts: [SHARED],
        gateways: [INGRESS],
        http: [...llmRoute('chat', 'llama'), ...llmRoute('free', 'gpt')],
      }),
      virtualService('team', 'paths', {
        hosts: [DOMAIN],
        gateways: [INGRESS],
        http: ['iris', 'open'].map(pathRoute),
      }),
    ],
  })
})
afterAll(() => mesh?.stop())

const post = (path: string, headers: Readonly<Record<string, string>> = {}, host = SHARED) =>
  mesh.ask({ to: 'gateway', host, method: 'POST', path, headers, body: '{}' })

const servedBy = (pod: string, path: string) => ({ status: 200, reached: [{ pod, path }] })
const REFUSED = { status: 401, reached: [] }

describe('LLMs behind one host', () => {
  it.each([
    ['its path', `/team/chat${CHAT}`, {}],
    ["its model's path", `/publishers/team/models/llama${CHAT}`, {}],
    ["its model's name", CHAT, { 'x-gateway-model-name': 'publishers/team/models/llama' }],
  ])('one is selected by %s', async (_title, path, headers) => {
    expect(await post(path, headers)).toMatchObject(REFUSED)
    expect(await post(path, { ...headers, ...WITH_KEY })).toMatchObject(servedBy('chat-0', CHAT))
  })

  it.each([
    ['its path', `/team/free${CHAT}`, {}],
    ["its model's path", `/publishers/team/models/gpt${CHAT}`, {}],
    ["its model's name", CHAT, { 'x-gateway-model-name': 'publishers/team/models/gpt' }],
  ])('the open one is open by %s', async (_title, path, headers) => {
    expect(await post(path, headers)).toMatchObject(servedBy('free-0', CHAT))
  })

  const LLAMA = 'publishers/team/models/llama'
  const GPT = 'publishers/team/models/gpt'

  it.each([
    ['//', `/team//chat${CHAT}`, 404],
    ['// before it', `//team/chat${CHAT}`, 404],
    ['%2F', `/team%2Fchat${CHAT}`, 404],
    ['%2f after it', `/team/chat%2f..%2ffree${CHAT}`, 404],
    ['an extra slash', `/team/chat/${CHAT}`, 403],
    ['a dot segment', `/team/./chat${CHAT}`, 401],
    ['leaving the open one', `/team/free/../chat${CHAT}`, 401],
    ['leaving the open one, encoded', `/team/free/%2e%2e/chat${CHAT}`, 401],
    ['leaving the open one, slash encoded', `/team/free/..%2fchat${CHAT}`, 403],
    ['leaving the open one, backslash', `/team/free/..\\chat${CHAT}`, 401],
    ['leaving the open one, parameter', `/team/free/..;/chat${CHAT}`, 401],
    ['a parameter', `/team/chat;a=b${CHAT}`, 404],
    ['an encoded letter', `/team/%63hat${CHAT}`, 401],
    ['upper case', `/team/CHAT${CHAT}`, 404],
    ['//, published', `/publishers/team/models//llama${CHAT}`, 404],
    ['%2F, published', `/publishers/team/models%2Fllama${CHAT}`, 404],
    ['leaving the open one, published', `/publishers/team/models/gpt/../llama${CHAT}`, 401],
  ])('no spelling of a path opens another one: %s', async (_title, path, status) => {
    expect(await post(path)).toMatchObject({ status, reached: [] })
    const { reached } = await post(path, WITH_KEY)
    expect(reached.length).toBe(status === 401 ? 1 : 0)
  })

  it.each([
    ['the path of one, the name of the other', `/team/free${CHAT}`, LLAMA],
    ['the name of one, the path of the other', `/team/chat${CHAT}`, GPT],
    ["the model's path of one, the name of the other", `/publishers/team/models/gpt${CHAT}`, LLAMA],
  ])('two at once are denied: %s', async (_title, path, name) => {
    for (const key of [{}, WITH_KEY]) {
      const answer = await post(path, { 'x-gateway-model-name': name, ...key })
      expect(answer).toMatchObject({ status: 403, reached: [] })
    }
  })

  it.each([LLAMA.toUpperCase(), `${GPT},${LLAMA}`, `${GPT}, ${LLAMA}`, ` ${LLAMA}/`, `/${LLAMA}`])(
    'no spelling of a name reaches the protected one: %s',
    async (name) => {
      for (const path of [CHAT, `/team/free${CHAT}`]) {
        const { reached } = await post(path, { 'x-gateway-model-name': name })
        expect(reached.map(({ pod }) => pod)).not.toContain('chat-0')
      }
    },
  )
})

describe('services on the paths of one host', () => {
  const INFER = '/v2/models/m/infer'
  const at = (path: string, key = {}) => post(path, key, DOMAIN)

  it('are distinguished', async () => {
    expect(await at(`/serving/team/iris${INFER}`)).toMatchObject(REFUSED)
    expect(await at(`/serving/team/iris${INFER}`, WITH_KEY)).toMatchObject(
      servedBy('iris-predictor', INFER),
    )
    expect(await at(`/serving/team/open${INFER}`)).toMatchObject(servedBy('open-predictor', INFER))
  })

  it.each([
    ['//', `/serving/team//iris${INFER}`, 404],
    ['%2F', `/serving/team%2Firis${INFER}`, 404],
    ['leaving the open one', `/serving/team/open/../iris${INFER}`, 401],
    ['leaving the open one, encoded', `/serving/team/open/..%2firis${INFER}`, 403],
    ['leaving the open one, parameter', `/serving/team/open/..;/iris${INFER}`, 401],
    ['an encoded letter', `/serving/team/%69ris${INFER}`, 401],
  ])('no spelling of a path opens another one: %s', async (_title, path, status) => {
    expect(await at(path)).toMatchObject({ status, reached: [] })
  })
})
