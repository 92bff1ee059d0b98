import { describe, expect, it } from 'vitest'
import { until } from './folders.ts'
import { iris, opened, together } from './manifests.ts'

const configMap = (ingress: object, name = 'inferenceservice-config', namespace = 'kserve') => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: ${namespace}}
data:
  ingress: '${JSON.stringify(ingress)}'
`

const llm = (spec: object) => `
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: chat, namespace: team}
spec: ${JSON.stringify(spec)}
`

const llmConfig = (namespace: string, model: string) => `
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceServiceConfig
metadata: {name: base, namespace: ${namespace}}
spec: {model: {name: ${model}}}
`

const DOMAIN = { ingressDomain: 'models.example.org' }
const HOST = 'iris-team.models.example.org'

describe("KServe's ConfigMap in a folder", () => {
  it('gives services their hosts, whatever file contains it, and removes them again', async () => {
    const { protections, write, remove } = await opened({
      'b.yaml': iris('true'),
      'a.yaml': configMap(DOMAIN),
    })
    expect(protections(HOST)).toEqual(['protected'])
    await write('a.yaml', configMap({ ingressDomain: 'other.example.org' }))
    await until(() => protections(HOST).length === 0)
    expect(protections('iris-team.other.example.org')).toEqual(['protected'])
    await write('b.yaml', iris('false'))
    await until(() => protections('iris-team.other.example.org')[0] === 'open')
    await remove('a.yaml')
    await until(() => protections('iris-team.other.example.org').length === 0)
    expect(protections('iris.example.com')).toEqual(['open'])
  })

  it('sets the model header', async () => {
    const { directory, write } = await opened({
      'a.yaml': configMap({ modelBasedRoutingHeaderName: 'X-AI-EG-Model' }),
    })
    expect(directory.modelHeaders.get()).toContain('x-ai-eg-model')
    await write('a.yaml', configMap({}))
    await until(() => !directory.modelHeaders.get().includes('x-ai-eg-model'))
  })

  it('that is of another name or namespace is nothing, and of another namespace that is told', async () => {
    const { protections, problems } = await opened({
      'a.yaml': together(
        iris('true'),
        configMap(DOMAIN, 'other'),
        configMap(DOMAIN, 'inferenceservice-config', 'team'),
      ),
    })
    expect(protections(HOST)).toEqual([])
    expect(problems.map(({ reason }) => reason)).toEqual(['OtherNamespace'])
  })

  it('that cannot be read leaves the header of models as it was, as it does at gateways', async () => {
    const ingress = { modelBasedRoutingHeaderName: 'X-AI-EG-Model' }
    const { directory, protections, write } = await opened({
      'a.yaml': configMap({ ...ingress, ...DOMAIN }),
      'b.yaml': iris('true'),
    })
    await write('a.yaml', configMap(ingress).replace("'{", "'"))
    await until(() => protections(HOST).length === 0)
    expect(directory.modelHeaders.get()).toContain('x-ai-eg-model')
  })

  it('stays while its file is unreadable', async () => {
    const { protections, problems, write } = await opened({
      'a.yaml': configMap(DOMAIN),
      'b.yaml': iris('true'),
    })
    await write('a.yaml', '{')
    await until(() => problems.length > 0)
    expect(protections(HOST)).toEqual(['protected'])
  })

  it('that is unreadable adds no host, and is reported', async () => {
    const { problems, write } = await opened({})
    await write('a.yaml', configMap({ ingressDomain: 'a b' }))
    await until(() => problems.length > 0)
    expect(problems).toMatchObject([{ reason: 'UnreadableIngress' }])
  })
})

describe('an LLMInferenceServiceConfig in a folder', () => {
  const based = llm({ baseRefs: [{ name: 'base' }] })

  it("gives the model: the one in the service's namespace, else the one in KServe's", async () => {
    const { directory, write, remove } = await opened({
      'llm.yaml': based,
      'kserve.yaml': llmConfig('kserve', 'preset'),
    })
    const has = (model: string) =>
      directory.servicesOfModel(`publishers/team/models/${model}`).length === 1
    expect(has('preset')).toBe(true)
    await write('own.yaml', llmConfig('team', 'own'))
    await until(() => has('own') && !has('preset'))
    await remove('own.yaml')
    await until(() => has('preset') && !has('own'))
    await remove('kserve.yaml')
    await until(() => has('chat'))
  })
})
