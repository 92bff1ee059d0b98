import { beforeEach, describe, expect, it } from 'vitest'
import { createDirectory, type Directory } from '../../../src/access/directory.ts'
import { createDirectoryWriter } from '../../../src/kubernetes/watch/directory-writer.ts'
import { createVersionedStore } from '../../../src/kubernetes/watch/store.ts'
import type { WatchedKind } from '../../../src/kubernetes/watch/watched-kinds.ts'
import { digestOf } from '../../../testing/builders.ts'
import {
  anInferenceService,
  anLlmInferenceService,
  aPod,
  aSecret,
  SETTINGS,
} from '../../../testing/objects.ts'

const KEY = 'key-of-the-reader-1'
const PROTECTED = { 'security.opendatahub.io/enable-auth': 'true' }

let directory: Directory
let told: string[]
let settings: () => typeof SETTINGS
let servicesRead: boolean

beforeEach(() => {
  servicesRead = false
  directory = createDirectory()
  told = []
  settings = () => SETTINGS
})

/** Holds the objects of one kind, as the source does. */
function handler(kind: string, apiVersion = 'v1') {
  const collection: WatchedKind = {
    apiVersion,
    kind,
    namespace: undefined,
    resource: 'x',
    paths: [`/${kind}`],
    query: {},
    metadataOnly: false,
  }
  const serving = createDirectoryWriter(collection, {
    directory,
    settings: () => settings(),
    servicesRead: () => servicesRead,
    report: ({ object, reason }) => void told.push(`${object} ${reason}`),
  })
  const { put, remove } = createVersionedStore(serving, () => void told.push('a bug'))
  let version = 0
  return {
    put: (content: ReturnType<typeof aPod>) => {
      version += 1
      // Items of a list have no kind.
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = content
      put({ key: `team/${content.metadata.name}`, version: String(version), content: rest })
    },
    remove: (name: string) => remove(`team/${name}`),
    again: serving.again,
    reviewKeys: serving.reviewKeys,
  }
}

const pods = () => handler('Pod')
const secrets = () => handler('Secret')
const services = () => handler('InferenceService', 'serving.kserve.io/v1beta1')

const podOfIris = (name: string, ip: string, container = 'istio-proxy') =>
  aPod({
    metadata: { name, labels: { 'serving.kserve.io/inferenceservice': 'iris' } },
    spec: { containers: [{ name: container }] },
    status: { podIPs: [{ ip }] },
  })

const aKey = (name: string, key = KEY, labels: object = SETTINGS.apiKeys.selector.matchLabels) =>
  aSecret({ metadata: { name, labels }, data: { api_key: btoa(key) } })

const holders = (key = KEY) => directory.keysWith('team', digestOf(key)).map(({ name }) => name)

describe('an LLMInferenceService', () => {
  it('is read again for the first 32 configurations that it names', () => {
    const { put, again } = handler('LLMInferenceService', 'serving.kserve.io/v1alpha2')
    const baseRefs = Array.from({ length: 40 }, (_, index) => ({ name: `base-${index}` }))
    let reads = 0
    settings = () => {
      reads += 1
      return SETTINGS
    }
    put(anLlmInferenceService({ spec: { baseRefs } }))
    expect(reads).toBe(1)
    again('base-31')
    expect(reads).toBe(2)
    again('base-32')
    expect(reads).toBe(2)
  })
})

describe('a Secret', () => {
  it('is a key until it is removed', () => {
    const { put, remove } = secrets()
    put(aKey('reader'))
    expect(holders()).toEqual(['reader'])
    remove('reader')
    expect(holders()).toEqual([])
  })

  it('that changes its key leaves nothing of the old one', () => {
    const { put } = secrets()
    put(aKey('reader'))
    put(aKey('reader', 'key-of-the-reader-2'))
    expect(holders()).toEqual([])
    expect(holders('key-of-the-reader-2')).toEqual(['reader'])
  })

  it('that becomes unreadable is not a key, and is reported once', () => {
    const { put } = secrets()
    put(aKey('reader'))
    for (const _ of [1, 2, 3]) put(aKey('reader', 'short'))
    expect(holders()).toEqual([])
    expect(told).toEqual(['Secret team/reader APIKeyRefused'])
  })

  it('is reported again if it was valid meanwhile', () => {
    const { put } = secrets()
    for (const key of ['short', KEY, 'short']) put(aKey('reader', key))
    expect(told).toHaveLength(2)
  })

  it('for services that do not exist is reported, once all services have been read', () => {
    const { put, reviewKeys } = secrets()
    const aKeyFor = (name: string, service: string) =>
      aSecret({
        metadata: {
          name,
          labels: SETTINGS.apiKeys.selector.matchLabels,
          annotations: { 'kserve-authz.io/services': service },
        },
        data: { api_key: btoa(`key-of-the-${name}-1`) },
      })
    put(aKeyFor('reader', 'gone'))
    put(aKeyFor('writer', 'iris'))
    services().put(anInferenceService())
    expect(told).toEqual([])
    servicesRead = true
    reviewKeys()
    reviewKeys()
    expect(told).toEqual(['Secret team/reader NoSuchService'])
    put(aKeyFor('editor', 'gone'))
    expect(told.slice(1)).toEqual(['Secret team/editor NoSuchService'])
  })

  it('with the key of another is reported', () => {
    const { put } = secrets()
    put(aKey('reader'))
    put(aKey('writer'))
    expect(told).toEqual(['Secret team/writer CredentialRepeated'])
  })
})

describe('a pod', () => {
  it('is at its addresses, and at no old one', () => {
    const { put, remove } = pods()
    put(podOfIris('iris-0', '10.0.0.1'))
    put(podOfIris('iris-0', '10.0.0.2'))
    expect(directory.workloadsAt('10.0.0.1')).toEqual([])
    expect(directory.workloadsAt('10.0.0.2')).toHaveLength(1)
    remove('iris-0')
    expect(directory.workloadsAt('10.0.0.2')).toEqual([])
  })

  it('of two services is removed from both', () => {
    const { put, remove } = pods()
    const labels = {
      'serving.kserve.io/inferenceservice': 'iris',
      'serving.kserve.io/inferencegraph': 'chain',
    }
    put(aPod({ metadata: { labels }, status: { podIP: '10.0.0.1' } }))
    expect(directory.workloadsAt('10.0.0.1')).toHaveLength(2)
    remove('iris-0')
    expect(directory.workloadsAt('10.0.0.1')).toEqual([])
  })

  it('may take the address of a removed one', () => {
    const { put, remove } = pods()
    put(podOfIris('iris-0', '10.0.0.1'))
    put(podOfIris('iris-1', '10.0.0.1'))
    remove('iris-0')
    expect(directory.workloadsAt('10.0.0.1').map(({ name }) => name)).toEqual(['iris-1'])
  })

  it('of a protected service is reported if it has no sidecar', () => {
    services().put(anInferenceService({ metadata: { annotations: PROTECTED } }))
    const { put } = pods()
    put(podOfIris('iris-0', '10.0.0.1'))
    put(podOfIris('iris-1', '10.0.0.2', 'kserve-container'))
    expect(told).toEqual(['Pod team/iris-1 NoSidecar'])
  })

  it('without a sidecar is reported if its service is added later', () => {
    pods().put(podOfIris('iris-0', '10.0.0.1', 'kserve-container'))
    services().put(anInferenceService())
    expect(told).toEqual([])
    services().put(anInferenceService({ metadata: { annotations: PROTECTED } }))
    expect(told).toEqual(['InferenceService team/iris NoSidecar'])
  })
})

describe('a service', () => {
  it('with the host of another is reported', () => {
    const { put } = services()
    const status = { url: 'http://shared.example.com' }
    put(anInferenceService({ status }))
    put(anInferenceService({ metadata: { name: 'other' }, status }))
    expect(told).toEqual(['InferenceService team/other SharedHost'])
  })

  it('reports its problems', () => {
    const annotations = { 'security.opendatahub.io/enable-auth': 'on' }
    services().put(anInferenceService({ metadata: { annotations } }))
    expect(told).toEqual(['InferenceService team/iris UnknownEnableAuthValue'])
  })
})

describe('an object that is unreadable because of a bug', () => {
  const bug = () => {
    throw new Error('a bug')
  }

  it('is not a key', () => {
    const kept = secrets()
    kept.put(aKey('reader'))
    settings = bug
    kept.put(aKey('reader'))
    expect(holders()).toEqual([])
    expect(told).toEqual(['a bug'])
  })

  it('closes its namespace if it is a policy, until it is readable or removed', () => {
    const kept = handler('AccessPolicy', 'kserve-authz.io/v1alpha1')
    const policy = aPod({ metadata: { name: 'open' }, spec: { mode: 'Shadow', allow: [{}] } })
    const terms = () =>
      [...directory.policies.values()].map(({ mode, terms: read }) => [mode, typeof read])
    kept.put(policy)
    expect(terms()).toEqual([['shadow', 'object']])
    settings = bug
    kept.put(policy)
    expect([...directory.policies.values()]).toEqual([
      { namespace: 'team', name: 'open', mode: 'enforce', targets: undefined, terms: undefined },
    ])
    settings = () => SETTINGS
    kept.put(policy)
    expect(terms()).toEqual([['shadow', 'object']])
    settings = bug
    kept.put(policy)
    kept.remove('open')
    expect(terms()).toEqual([])
    expect(told).toEqual(['a bug', 'a bug'])
  })
})
