import { describe, expect, it } from 'vitest'
import {
  anInferenceGraph,
  anInferenceService,
  anLlmInferenceService,
  read,
  readService,
  reasonsOf,
  urlsOf,
} from './objects.ts'

const inCluster = (name: string) =>
  ['', '.svc', '.svc.cluster.local'].map((suffix) => `${name}.team${suffix}`)

const NAMED = ['iris', 'iris-predictor', 'iris-transformer', 'iris-explainer'].flatMap(inCluster)

/** The claims of an InferenceService beside those it has by its name. */
const published = (status: unknown) =>
  urlsOf(readService(anInferenceService({ status }))).filter((url) => !NAMED.includes(url))

describe('an InferenceService claims', () => {
  it('its names in the cluster before any status is there', () => {
    expect(urlsOf(readService(anInferenceService()))).toEqual(NAMED)
  })

  it('the predictor of its canary', () => {
    const service = readService(anInferenceService({ spec: { predictor: { name: 'next' } } }))
    expect(urlsOf(service)).toEqual([...NAMED, ...inCluster('iris-next-predictor')])
  })

  it('every URL of its status', () => {
    const component = {
      url: 'http://c.example.com',
      restUrl: 'http://rest.example.com',
      grpcUrl: 'grpc://GRPC.example.com:8033',
      address: { url: 'http://address.example.com:8080' },
      traffic: [{ url: 'http://latest.example.com', tag: 'latest' }, { percent: 100 }],
    }
    expect(
      published({
        url: 'https://iris.example.com.',
        address: { url: 'http://iris.team.svc.cluster.local' },
        addresses: [{ url: 'http://first.example.com' }, {}],
        components: { predictor: component, explainer: { url: 'http://e.example.com' } },
      }),
    ).toEqual([
      'iris.example.com',
      'first.example.com',
      'c.example.com',
      'rest.example.com',
      'grpc.example.com',
      'address.example.com',
      'latest.example.com',
      'e.example.com',
    ])
  })

  it.each([
    ['/serving/team/iris', ['x.example.com/serving/team/iris']],
    ['/serving/team/iris/', ['x.example.com/serving/team/iris']],
    ['/', ['x.example.com']],
    ['/a?query#fragment', ['x.example.com/a']],
    [`/${'a/'.repeat(15)}a`, [`x.example.com/${'a/'.repeat(15)}a`]],
  ])('the path %s of a URL', (path, urls) => {
    expect(published({ url: `http://x.example.com${path}` })).toEqual(urls)
  })

  it('no path of a host that it claims whole', () => {
    const url = 'http://iris.team.svc.cluster.local/v1/models/iris:predict'
    expect(published({ address: { url } })).toEqual([])
  })

  it.each([
    'not a url',
    'http://',
    'mailto:iris@example.com',
    'http://a,b.example.com',
    'http://x.example.com//a',
    'http://x.example.com/a%2fb',
    'http://x.example.com/a;b',
    7,
    {},
  ])('nothing by %j, and says so', (url) => {
    const reading = read(anInferenceService({ status: { url } }))
    expect(published({ url })).toEqual([])
    expect(reasonsOf(reading)).toEqual(['UnreadableURL'])
  })

  it('by a path that is too deep its beginning: more than it says, never less', () => {
    expect(published({ url: `http://x.example.com/${'a/'.repeat(20)}a` })).toEqual([
      `x.example.com${'/a'.repeat(16)}`,
    ])
  })

  it.each([undefined, null, ''])('nothing by the URL %j', (url) => {
    expect(published({ url })).toEqual([])
    expect(read(anInferenceService({ status: { url } })).problems).toEqual([])
  })

  it('at most 256 addresses, those by its name among them', () => {
    const addresses = Array.from({ length: 300 }, (_, index) => ({
      url: `http://h${index}.example`,
    }))
    const reading = read(anInferenceService({ status: { addresses } }))
    const urls = urlsOf(readService(anInferenceService({ status: { addresses } })))
    expect(urls).toHaveLength(256)
    expect(urls.slice(0, NAMED.length)).toEqual(NAMED)
    expect(reasonsOf(reading)).toEqual(['TooManyURLs'])
  })
})

describe('an InferenceGraph claims', () => {
  it('its names in the cluster and the URL of its status', () => {
    const graph = readService(anInferenceGraph({ status: { url: 'http://chain.example.com' } }))
    expect(urlsOf(graph)).toEqual([...inCluster('chain'), 'chain.example.com'])
    expect(graph).toMatchObject({ kind: 'InferenceGraph', namespace: 'team', name: 'chain' })
  })
})

describe('an LLMInferenceService claims', () => {
  const workload = inCluster('chat-kserve-workload-svc')

  it('its own path and that of its model on any host', () => {
    const llm = readService(anLlmInferenceService({ spec: { model: { name: 'meta/llama-3' } } }))
    expect(urlsOf(llm)).toEqual([
      '*/team/chat',
      '*/publishers/team/models/meta/llama-3',
      ...workload,
    ])
    expect(llm.model).toBe('meta/llama-3')
  })

  it('the path of a model named like itself where none is said', () => {
    const llm = readService(anLlmInferenceService())
    expect(urlsOf(llm)).toContain('*/publishers/team/models/chat')
    expect(llm.model).toBe('chat')
  })

  it('no second time on the hosts of its status what it claims on any', () => {
    const addresses = [
      { url: 'https://gateway.example.com/team/chat' },
      { url: 'https://chat.example.com/own' },
    ]
    expect(urlsOf(readService(anLlmInferenceService({ status: { addresses } })))).toEqual([
      '*/team/chat',
      '*/publishers/team/models/chat',
      ...workload,
      'chat.example.com/own',
    ])
  })

  it.each(['a b', '../x', 'a%2fb', 'a//b', '/a', 'a/'])('no path of the model %j', (name) => {
    const reading = read(anLlmInferenceService({ spec: { model: { name } } }))
    expect(reading.resource).toMatchObject({
      service: { claims: [{ pathPrefix: '/team/chat' }, ...workload.map((host) => ({ host }))] },
    })
    expect(reasonsOf(reading)).toEqual(['UnreadableModelName'])
  })
})
