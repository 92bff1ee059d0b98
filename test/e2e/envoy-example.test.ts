import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startModelServer } from '../../examples/model-server/server.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import { commandOf, remarkOf } from '../../testing/documented.ts'
import { BY_PLAIN_ENVOY, runBy } from '../../testing/documented-table.ts'
import { head, headerOf, pathAtModel, sendRaw } from '../../testing/envoy/http.ts'
import { at, listAt, textAt } from '../../testing/json.ts'
import { startService } from '../../testing/routes/start-service.ts'
import { shell } from '../../testing/shell.ts'

const FILE = path.join(import.meta.dirname, '../../envoy/envoy.yaml')
const KEY = 'key-of-team-not-a-secret-0123456789'
const GATEWAY = {
  id: 'models',
  api: 'gateway-api',
  namespace: 'any',
  name: 'any',
  address: '127.0.0.1',
  hostnames: ['*'],
  listen: '127.0.0.1',
  isKnown: false,
} as const

const OBJECTS = [
  {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'demo', name: 'sklearn-iris' },
    spec: {},
  },
  {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceService',
    metadata: { namespace: 'team', name: 'llama' },
    spec: { model: { uri: 'hf://acme/llama' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: 'team',
      name: 'key',
      labels: { 'kserve-authz.io/credential': 'api-key' },
    },
    stringData: { api_key: KEY },
  },
]

/** The file as it is, but for the addresses and ports of a cluster. */
async function exampleAt(ports: Readonly<Record<string, number>>) {
  const file = load(await readFile(FILE, 'utf8'))
  const text = JSON.stringify(file, (name, value: unknown) => {
    if (name === 'admin' || textAt(value, 'name') === 'models') return withPort(value, 0)
    const cluster = textAt(value, 'name')
    return cluster in ports && at(value, 'load_assignment') !== undefined
      ? withPort(value, ports[cluster] ?? 0)
      : value
  })
  return Object(JSON.parse(text))
}

const withPort = (value: unknown, port: number): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, inner: unknown) =>
      name === 'socket_address' ? { address: '127.0.0.1', port_value: port } : inner,
    ),
  )

type Start = { readonly trust: Readonly<Record<string, string>> }

async function start({ trust }: Start) {
  const model = await startModelServer()
  const service = await startService(
    { objects: OBJECTS, gateways: [GATEWAY] },
    'src/main.ts',
    trust,
  )
  const bootstrap = await exampleAt({
    'kserve-authz': service.ports.models ?? 0,
    iris: model.port,
    llama: model.port,
  })
  const envoy = await startEnvoy({ envoy: await findEnvoy(() => {}), bootstrap })
  const port = envoy.portOf('models')
  return {
    stopService: service.stop,
    /** What a command of its page prints. */
    told: async (statement: string) => {
      const command = commandOf(statement).replace('localhost:8080', `127.0.0.1:${port}`)
      const { output } = await shell(command, {
        cwd: tmpdir(),
        env: { PATH: process.env.PATH ?? '' },
      })
      return output.trim()
    },
    post: (target: string, ...lines: readonly string[]) =>
      sendRaw({ port }, head(`POST ${target} HTTP/1.1`, 'Content-Length: 0', ...lines)),
    stop: async () => {
      await envoy.stop()
      await service.stop()
      await model.close()
    },
  }
}

const IRIS = 'Host: sklearn-iris-demo.example.com'
const OTHER = 'Host: any.example.net'
const BEARER = `Authorization: Bearer ${KEY}`

describe('the example of a plain Envoy', () => {
  let example: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    example = await start({ trust: { route: 'required', contextExtensions: 'used' } })
  })
  afterAll(() => example?.stop())

  it('leads to the open model by its host', async () => {
    expect((await example.post('/v1/models/iris:predict', IRIS)).status).toBe(200)
  })

  it('leads to the LLM by its path, with its key alone', async () => {
    expect((await example.post('/team/llama/v1/completions', OTHER)).status).toBe(401)
    const reply = await example.post('/team/llama/v1/completions', OTHER, BEARER)
    expect([reply.status, pathAtModel(reply)]).toEqual([200, '/v1/completions'])
  })

  it.each([
    '/team/llama/v1/completions',
    '/x/../team/llama/v1/completions',
    '//team//llama/v1/completions',
    '/team/llama',
    '/team%2Fllama/v1/completions',
    '/TEAM/llama/v1/completions',
    '/team/llama/healthz',
  ])('lets nobody without a credential through to the LLM: %s', async (target) => {
    for (const host of [OTHER, 'Host: sklearn-iris-demo.example.com.', 'Host: sklearn-iris.demo']) {
      const { status } = await example.post(
        target,
        host,
        'x-gateway-model-name: publishers/demo/models/x',
      )
      expect([400, 401, 403, 404]).toContain(status)
    }
  })

  it.each(runBy(BY_PLAIN_ENVOY).map(({ statement }) => [statement]))(
    'answers as its page says: %s',
    async (statement) => {
      expect(await example.told(statement)).toBe(remarkOf(statement).split(' ')[0])
    },
  )

  it('refuses a header with an underscore, which a model may read as another', async () => {
    expect((await example.post('/', IRIS, 'x_auth_request_user: admin')).status).toBe(400)
  })

  it('answers 503 while the service is not there', async () => {
    await example.stopService()
    expect((await example.post('/v1/models/iris:predict', IRIS)).status).toBe(503)
  })
})

it('a listener that does not trust context extensions refuses what they name', async () => {
  const example = await start({ trust: { route: 'required' } })
  try {
    const reply = await example.post('/v1/models/iris:predict', IRIS)
    expect([reply.status, headerOf(reply, 'x-ext-auth-reason')]).toEqual([403, 'no such service'])
  } finally {
    await example.stop()
  }
})

it('the example never waits for longer than the service needs, and never fails open', async () => {
  const text = JSON.stringify(load(await readFile(FILE, 'utf8')))
  expect(text).toContain('"timeout":"0.5s"')
  expect(text).toContain('"failure_mode_allow":false')
  expect(text).not.toContain('"with_request_body"')
  expect(listAt(load(await readFile(FILE, 'utf8')), 'static_resources', 'clusters')).toHaveLength(3)
})
