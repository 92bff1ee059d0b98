import { describe, expect, it } from 'vitest'
import {
  anInferenceGraph,
  anInferenceService,
  read,
  readService,
  reasonsOf,
  urlsOf,
} from '../../testing/objects.ts'

const inCluster = (name: string) =>
  ['', '.svc', '.svc.cluster.local'].map((suffix) => `${name}.team${suffix}`)

const NAMED = ['iris', 'iris-predictor'].flatMap(inCluster)

/** The routes of an InferenceService in addition to those by its name. */
const published = (status: unknown) =>
  urlsOf(readService(anInferenceService({ status }))).filter((url) => !NAMED.includes(url))

describe('an InferenceService has routes for', () => {
  it('its names in the cluster before it has a status', () => {
    expect(urlsOf(readService(anInferenceService()))).toEqual(NAMED)
  })

  it('the names of a transformer and an explainer if it has them', () => {
    const components = ['iris-transformer', 'iris-explainer'].flatMap(inCluster)
    const spec = { predictor: {}, transformer: {}, explainer: { containers: [] } }
    expect(urlsOf(readService(anInferenceService({ spec })))).toEqual([...NAMED, ...components])
    const status = { components: { transformer: {}, explainer: {} } }
    expect(urlsOf(readService(anInferenceService({ status })))).toEqual([...NAMED, ...components])
  })

  it('every name of a Kubernetes Service of its namespace in its status', () => {
    expect(
      published({ address: { url: 'http://iris-predictor-default.team.svc.cluster.local' } }),
    ).toEqual(inCluster('iris-predictor-default'))
    expect(published({ address: { url: 'http://iris.other.svc.cluster.local' } })).toEqual([
      'iris.other.svc.cluster.local',
    ])
  })

  it.each([
    ['Knative', true],
    ['Serverless', true],
    ['Standard', false],
    ['RawDeployment', false],
    ['ModelMesh', false],
    ['Unheard-of', false],
  ])('its names in the cluster at gateways in mode %s: %s', (mode, routed) => {
    const status = {
      url: 'http://iris.example.com',
      address: { url: 'http://iris.team.svc.cluster.local' },
    }
    const bases = (object: Parameters<typeof anInferenceService>[0], settings = {}) =>
      Object.fromEntries(
        readService(anInferenceService(object), settings).routes.map(({ host, basis }) => [
          host,
          basis,
        ]),
      )
    const annotations = { 'serving.kserve.io/deploymentMode': mode }
    const expected = {
      'iris.team': routed ? 'name' : 'unrouted-name',
      'iris.team.svc.cluster.local': routed ? 'name' : 'unrouted-name',
      'iris.example.com': 'published',
    }
    expect(bases({ status: { ...status, deploymentMode: mode } })).toMatchObject(expected)
    expect(bases({ status, metadata: { annotations } })).toMatchObject(expected)
    expect(bases({ status }, { defaultDeploymentMode: mode })).toMatchObject(expected)
    const graph = anInferenceGraph({ status: { deploymentMode: mode } })
    expect(readService(graph).routes[0]?.basis).toBe(routed ? 'name' : 'unrouted-name')
  })

  it('its names at gateways if its mode is unknown, except with a label of Standard mode', () => {
    const labels = { 'networking.kserve.io/visibility': 'cluster-local' }
    const [silent] = readService(anInferenceService()).routes
    const [labelled] = readService(anInferenceService({ metadata: { labels } })).routes
    expect([silent?.basis, labelled?.basis]).toEqual(['name', 'unrouted-name'])
  })

  it('configured hosts and paths', () => {
    const ref = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const
    const gateways = {
      hosts: [
        { host: 'iris.models.example.org', path: '/', ...ref },
        { host: 'models.example.org', path: '/serving/iris', ...ref },
        { host: 'other.example.org', path: '/', ...ref, name: 'other' },
      ],
    }
    expect(urlsOf(readService(anInferenceService(), { gateways }))).toEqual([
      ...NAMED,
      'iris.models.example.org',
      'models.example.org/serving/iris',
    ])
  })

  it('the predictor of its canary', () => {
    const service = readService(anInferenceService({ spec: { predictor: { name: 'next' } } }))
    expect(urlsOf(service)).toEqual([...NAMED, ...inCluster('iris-next-predictor')])
  })

  it('every URL in its status', () => {
    const component = {
      url: 'http://c.example.com',
      restUrl: 'http://rest.example.com',
      grpcUrl: 'grpc://GRPC.example.com:8033',
      address: { url: 'http://address.example.com:8080' },
      traffic: [{ url: 'http://latest.example.com', tag: 'latest' }, { percent: 100 }],
    }
    const explainer = inCluster('iris-explainer')
    expect(
      published({
        url: 'https://iris.example.com.',
        address: { url: 'http://iris.team.svc.cluster.local' },
        addresses: [{ url: 'http://first.example.com' }, {}],
        components: { predictor: component, explainer: { url: 'http://e.example.com' } },
      }).filter((url) => !explainer.includes(url)),
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

  it('no path of a host that it has as a whole', () => {
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
  ])('nothing for %j, which is reported', (url) => {
    const reading = read(anInferenceService({ status: { url } }))
    expect(published({ url })).toEqual([])
    expect(reasonsOf(reading)).toEqual(['UnreadableURL'])
  })

  it('the start of a path that is too deep: more than it says, never less', () => {
    expect(published({ url: `http://x.example.com/${'a/'.repeat(20)}a` })).toEqual([
      `x.example.com${'/a'.repeat(16)}`,
    ])
  })

  it.each([undefined, null, ''])('nothing for the URL %j', (url) => {
    expect(published({ url })).toEqual([])
    expect(read(anInferenceService({ status: { url } })).problems).toEqual([])
  })

  it('at most 256 addresses, including those by its name', () => {
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

describe('an InferenceGraph has routes for', () => {
  it('its names in the cluster and the URL in its status', () => {
    const graph = readService(anInferenceGraph({ status: { url: 'http://chain.example.com' } }))
    expect(urlsOf(graph)).toEqual([...inCluster('chain'), 'chain.example.com'])
    expect(graph).toMatchObject({ kind: 'InferenceGraph', namespace: 'team', name: 'chain' })
  })
})
