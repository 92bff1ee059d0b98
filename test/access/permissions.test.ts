import { describe, expect, it } from 'vitest'
import { known } from '../../src/access/authentication.ts'
import type { Permission } from '../../src/access/decide.ts'
import { MAX_MODELS_ASKED } from '../../src/access/named-models.ts'
import {
  createPermissionsFor,
  KEPT_PER_SERVICE,
  type PermissionTemplate,
  permissionsWith,
} from '../../src/access/permissions.ts'
import type { Service } from '../../src/access/service.ts'
import {
  aCaller,
  anAuthorize,
  anLlm,
  aRequest,
  aService,
  atPod,
  aWorkload,
} from '../../testing/builders.ts'

const POST_MODELS: Partial<PermissionTemplate> = {
  verb: 'post',
  group: 'serving.opendatahub.io',
  resource: 'models',
  name: 'publishers/{namespace}/models/{model}',
}
const HOST = 'llm.example.com'
const CHAT = '/v1/chat/completions'
const HEADER = 'x-gateway-model-name'
const TOKENS = new Map([['a-token', known(aCaller())]])
const SHOWN = { authorization: 'Bearer a-token' }

const model = (name: string) => `publishers/llm/models/${name}`
const llm = (name: string, models: readonly string[], given: Partial<Service> = {}) => {
  const made = anLlm({ name, hosts: [HOST], models: models.map(model) })
  const routes = models.map((each) => ({
    host: undefined,
    pathPrefix: `/${model(each)}`,
    basis: 'published' as const,
  }))
  return { ...made, routes: [...made.routes, ...routes], ...given }
}

type Asked = {
  readonly services?: readonly Service[]
  readonly path?: string
  readonly named?: string
  readonly atPodOf?: string
  readonly own?: Parameters<typeof permissionsWith>[0]
  readonly answers?: Readonly<Record<string, Permission>>
}

async function answerTo({
  services = [llm('chat', ['base', 'adapter'])],
  path = CHAT,
  named,
  atPodOf,
  own = { LLMInferenceService: [{}, POST_MODELS] },
  answers = {},
}: Asked) {
  const asked: string[] = []
  const service = {
    kind: 'LLMInferenceService',
    namespace: 'llm',
    name: atPodOf ?? 'chat',
  } as const
  const authorize = anAuthorize({
    services,
    workloads: [aWorkload({ service, component: 'llm' })],
    tokens: TOKENS,
    permits: (_caller, _service, { verb, group, resource, namespace, name }) => {
      const attributes = `${verb} ${group}/${resource} ${namespace}/${name}`
      asked.push(attributes)
      return answers[attributes] ?? 'no'
    },
    settings: { permissions: permissionsWith(own) },
  })
  const headers = { ...SHOWN, ...(named === undefined ? {} : { [HEADER]: model(named) }) }
  const { decision } = await authorize(
    atPodOf === undefined ? aRequest({ host: HOST, path, headers }) : atPod({ path, headers }),
  )
  return { answer: decision.outcome === 'deny' ? decision.reason : 'allow', asked }
}

const get = (name: string) => `get serving.kserve.io/llminferenceservices llm/${name}`
const post = (name: string) => `post serving.opendatahub.io/models llm/${model(name)}`

describe('the permission that opens a service', () => {
  it('is to get it, if the configuration has none', async () => {
    const { asked } = await answerTo({ path: `/${model('base')}${CHAT}`, own: {} })
    expect(asked).toEqual([get('chat')])
  })

  it('is one of those of its kind', async () => {
    const path = `/${model('base')}${CHAT}`
    expect(await answerTo({ path, answers: { [post('base')]: 'yes' } })).toEqual({
      answer: 'allow',
      asked: [get('chat'), post('base')],
    })
    expect(await answerTo({ path, answers: { [get('chat')]: 'yes' } })).toEqual({
      answer: 'allow',
      asked: [get('chat')],
    })
    expect(await answerTo({ path })).toMatchObject({ answer: 'not-permitted' })
  })

  it('is not asked for while another one of its kind is known', () => {
    const never = new Promise<Permission>(() => {})
    const isPost = ({ verb }: { readonly verb: string }) => verb === 'post'
    const authorize = anAuthorize({
      services: [llm('chat', ['base'])],
      tokens: TOKENS,
      permits: (_caller, _service, attributes) => (isPost(attributes) ? 'yes' : never),
      grants: (_caller, _service, attributes) => isPost(attributes),
      settings: { permissions: permissionsWith({ LLMInferenceService: [{}, POST_MODELS] }) },
    })
    const path = `/${model('base')}${CHAT}`
    expect(authorize(aRequest({ host: HOST, path, headers: SHOWN }))).toMatchObject({
      decision: { outcome: 'allow' },
    })
  })

  it('may be another than to get it', async () => {
    const asked: unknown[] = []
    const authorize = anAuthorize({
      services: [aService()],
      tokens: TOKENS,
      permits: (_caller, _service, attributes) => {
        asked.push(attributes)
        return 'yes'
      },
      settings: {
        permissions: permissionsWith({
          InferenceService: [{ verb: 'create', resource: 'predictions', name: 'of-{name}' }],
        }),
      },
    })
    await authorize(aRequest({ headers: SHOWN }))
    expect(asked).toEqual([
      {
        verb: 'create',
        group: 'serving.kserve.io',
        resource: 'predictions',
        namespace: 'team',
        name: 'of-iris',
        key: expect.any(String),
      },
    ])
  })

  it.each<[Permission, string]>([
    ['unavailable', 'authorization-unavailable'],
    ['overloaded', 'overloaded'],
  ])('is unknown while one of them is %s, unless another is granted', async (first, answer) => {
    const path = `/${model('base')}${CHAT}`
    expect(await answerTo({ path, answers: { [get('chat')]: first } })).toMatchObject({ answer })
    const granted = { [get('chat')]: first, [post('base')]: 'yes' } as const
    expect(await answerTo({ path, answers: granted })).toMatchObject({ answer: 'allow' })
  })
})

describe('the model in a permission', () => {
  it('is the one of the header', async () => {
    const { asked } = await answerTo({ named: 'adapter' })
    expect(asked).toEqual([get('chat'), post('adapter')])
  })

  it('is the one of the path, and of paths the longest', async () => {
    const services = [llm('chat', ['acme', 'acme/law'])]
    const path = `/${model('acme/law')}${CHAT}`
    expect((await answerTo({ services, path })).asked).toEqual([get('chat'), post('acme/law')])
  })

  it('is none where the request names none', async () => {
    const { asked, answer } = await answerTo({
      path: `/llm/chat${CHAT}`,
      answers: { [post('base')]: 'yes' },
    })
    expect({ asked, answer }).toEqual({ asked: [get('chat')], answer: 'not-permitted' })
    const alone = { own: { LLMInferenceService: [POST_MODELS] }, path: `/llm/chat${CHAT}` }
    expect(await answerTo(alone)).toEqual({ asked: [], answer: 'not-permitted' })
  })

  it('is never one of another service, whatever the client names', async () => {
    const services = [llm('chat', ['base']), llm('other', ['mine'])]
    const answers = { [post('mine')]: 'yes' } as const
    const given = { services, answers }
    for (const path of [`/llm/chat${CHAT}`, `/${model('base')}${CHAT}`]) {
      for (const named of ['mine', 'base']) {
        const { answer } = await answerTo({ ...given, path, named })
        expect(answer).not.toBe('allow')
      }
    }
    expect((await answerTo({ ...given, named: 'base' })).answer).toBe('not-permitted')
    expect((await answerTo({ ...given, named: 'mine' })).asked).toEqual([
      get('other'),
      post('mine'),
    ])
    const atPod = await answerTo({ ...given, atPodOf: 'chat', named: 'mine' })
    expect(atPod).toEqual({ answer: 'not-permitted', asked: [get('chat'), post('base')] })
    const byPath = await answerTo({ ...given, atPodOf: 'chat', path: `/${model('mine')}${CHAT}` })
    expect(byPath.answer).toBe('not-permitted')
  })

  it('is at a pod any of its service, since no path names one there', async () => {
    const answers = { [post('adapter')]: 'yes' } as const
    expect(await answerTo({ atPodOf: 'chat', answers })).toEqual({
      answer: 'allow',
      asked: [get('chat'), post('base'), post('adapter')],
    })
  })

  it('is at a pod first the one that the request names, and then a few others', async () => {
    const names = Array.from({ length: 2 * MAX_MODELS_ASKED }, (_, index) => `m${index + 10}`)
    const services = [llm('chat', names)]
    const { asked } = await answerTo({ services, atPodOf: 'chat', named: 'm20' })
    expect(asked.slice(0, 2)).toEqual([get('chat'), post('m20')])
    expect(asked).toHaveLength(1 + MAX_MODELS_ASKED)
  })

  it('is of another member of a routing group only a model that both have', async () => {
    const group = { name: 'canary', routed: true }
    const services = [
      llm('chat', ['shared', 'own'], { group }),
      llm('green', ['shared', 'private'], { group }),
    ]
    const answers = { [post('private')]: 'yes' } as const
    expect(await answerTo({ services, atPodOf: 'chat', answers })).toMatchObject({
      answer: 'not-permitted',
      asked: [get('chat'), post('shared'), post('own'), get('green'), post('shared')],
    })
  })
})

describe('the permissions of a service', () => {
  it('are kept for a bounded number of combinations of models', () => {
    const permissionsFor = createPermissionsFor(
      permissionsWith({ LLMInferenceService: [POST_MODELS] }),
    )
    const service = llm('chat', [])
    const of = (name: string) => permissionsFor(service, () => [name])
    const first = of('first')
    expect(of('first')).toBe(first)
    for (let index = 0; index < KEPT_PER_SERVICE; index += 1) of(`m${index}`)
    expect(of('first')).toEqual(first)
    expect(of('first')).not.toBe(first)
  })
})
