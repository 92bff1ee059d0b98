import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Written } from '../../testing/cluster/client.ts'
import { keySecret, llmInferenceService } from '../../testing/cluster/objects.ts'
import { inferenceService } from '../../testing/cluster/rbac.ts'
import { INGRESS } from '../../testing/mesh/gateways.ts'
import { type Mesh, startMesh } from '../../testing/mesh/mesh.ts'
import { destination, virtualService } from '../../testing/mesh/objects.ts'
import { componentOf, LLM_PORT, llmPodOf } from '../../testing/mesh/pods.ts'

const KEY = 'a-key-of-sixteen-bytes'
const CHAT = '/v1/chat/completions'
const MODEL_HEADER = 'x-gateway-model-name'
const LLAMA = 'publishers/team/models/llama'
/** Hosts of open services; the second one is routed at another gateway. */
const OPEN_HOST = 'open-team.example.com'
const ELSEWHERE = 'elsewhere-team.example.com'

/** Open, and in a mode in which KServe writes routes of the Gateway API. */
const standard = (name: string, host: string): Written => ({
  ...inferenceService('team', name, {}),
  status: { url: `http://${host}`, deploymentMode: 'Standard' },
})

const toChat = { route: [destination('chat-0.team.svc.cluster.local', LLM_PORT)] }

let mesh: Mesh
beforeAll(async () => {
  mesh = await startMesh({
    pods: {
      'chat-0': { labels: llmPodOf('chat'), sidecar: false },
      'open-predictor': { labels: componentOf('open'), sidecar: false },
    },
    objects: [
      standard('open', OPEN_HOST),
      standard('elsewhere', ELSEWHERE),
      llmInferenceService('team', 'chat', 'llama'),
      keySecret('team', 'reader', KEY),
      virtualService('team', 'open', {
        hosts: [OPEN_HOST],
        gateways: [INGRESS],
        http: [{ route: [destination('open-predictor.team.svc.cluster.local')] }],
      }),
      // Like KServe's HTTPRoute of an LLM, which has no hostnames; the last one was written by its owner.
      virtualService('team', 'chat', {
        hosts: ['*'],
        gateways: [INGRESS],
        http: [
          { match: [{ uri: { prefix: '/team/chat/' } }], rewrite: { uri: '/' }, ...toChat },
          { match: [{ uri: { prefix: `/${LLAMA}/` } }], rewrite: { uri: '/' }, ...toChat },
          { match: [{ headers: { [MODEL_HEADER]: { exact: LLAMA } } }], ...toChat },
          { match: [{ uri: { prefix: '/my-chat/' } }], rewrite: { uri: '/' }, ...toChat },
        ],
      }),
    ],
    shipped: ['overlays/gateways', 'service'],
  })
})
afterAll(() => mesh?.stop())

type Answer = { readonly status: number; readonly reason: string | undefined }

/** Sends header lines exactly as written, over HTTP/1.1. */
async function sendLines(lines: readonly string[]): Promise<Answer> {
  const { address, port } = await mesh.entryOf({ to: 'gateway' })
  const head = [`POST ${CHAT} HTTP/1.1`, ...lines, 'content-length: 0', 'connection: close']
  const socket: Socket = connect({ host: address, port })
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(Buffer.from(chunk))
  const text = Buffer.concat(chunks).toString()
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
    reason: /^x-ext-auth-reason: (.*)$/m.exec(text)?.[1]?.trim(),
  }
}

/** Number of requests that reached the protected LLM. */
const reachedSoFar = () => mesh.podNamed('chat-0').model.received().length

const CONFLICTING = { status: 403, reason: 'request names more than one service' }

describe('a repeated model header is denied:', () => {
  it.each([
    ['an unknown model first', ['x', LLAMA]],
    ['an unknown model last', [LLAMA, 'x']],
    ['an empty line first', ['', LLAMA]],
    ['an empty line last', [LLAMA, '']],
    ['the same value twice', [LLAMA, LLAMA]],
    ['three times', ['x', LLAMA, 'y']],
  ])('%s', async (_title, values) => {
    const headers = values.map((value) => `${MODEL_HEADER}: ${value}`)
    const before = reachedSoFar()
    for (const key of [[], [`x-api-key: ${KEY}`]]) {
      expect(await sendLines([`host: ${ELSEWHERE}`, ...headers, ...key])).toEqual(CONFLICTING)
      const nobodys = await sendLines(['host: anything.example.net', ...headers, ...key])
      expect(nobodys).toMatchObject({ status: 403 })
    }
    expect(reachedSoFar()).toBe(before)
  })

  it('in upper case, too', async () => {
    const before = reachedSoFar()
    const lines = [`host: ${ELSEWHERE}`, `X-Gateway-Model-Name: x`, `${MODEL_HEADER}: ${LLAMA}`]
    expect(await sendLines(lines)).toEqual(CONFLICTING)
    expect(reachedSoFar()).toBe(before)
  })
})

const answer = async (host: string, path: string, headers = {}) => {
  const { status, reached } = await mesh.ask({ to: 'gateway', host, path, headers })
  return [status, ...reached.map(({ pod }) => pod)]
}

const OWN_ROUTE = `/my-chat${CHAT}`
const FORBIDDEN = [403]

describe('a trailing dot makes another host, which belongs to no open service:', () => {
  it('without the dot the open service answers', async () => {
    expect((await answer(OPEN_HOST, OWN_ROUTE)).slice(1)).toEqual(['open-predictor'])
  })

  it.each([`${OPEN_HOST}.`, `${OPEN_HOST}.:8080`, `${OPEN_HOST.toUpperCase()}.`])(
    '%s',
    async (host) => {
      expect(await answer(host, OWN_ROUTE)).toEqual(FORBIDDEN)
      expect(await answer(host, OWN_ROUTE, { 'x-api-key': KEY })).toEqual(FORBIDDEN)
    },
  )
})

describe('a name inside the cluster is not a host of a Gateway of the Gateway API:', () => {
  it.each([
    'open.team',
    'open.team.svc',
    'open.team.svc.cluster.local',
    'open.team.svc.cluster.local:8080',
    'open-predictor.team',
    'open-predictor.team.svc.cluster.local',
    'OPEN.team.svc',
  ])('%s', async (host) => {
    expect(await answer(host, OWN_ROUTE)).toEqual(FORBIDDEN)
    expect(await answer(host, OWN_ROUTE, { 'x-api-key': KEY })).toEqual(FORBIDDEN)
  })
})
