import { describe, expect, it } from 'vitest'
import {
  accountCollections,
  configurationCollection,
  gatewayCollections,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  rbacCollections,
  type Scope,
  serviceCollections,
  type WatchedKind,
} from '../../../src/kubernetes/watch/watched-kinds.ts'

const CLUSTER: Scope = { namespaces: [], apiKeyLabels: { tier: 'gold', 'x.io/kind': 'key' } }
const TWO: Scope = { ...CLUSTER, namespaces: ['one', 'two'] }

const pathsOf = (collections: readonly WatchedKind[]) => collections.map(({ paths }) => paths)

describe('in the whole cluster', () => {
  it("KServe's kinds are read in each of their versions", () => {
    expect(pathsOf(serviceCollections(CLUSTER))).toEqual([
      ['/apis/serving.kserve.io/v1beta1/inferenceservices'],
      ['/apis/serving.kserve.io/v1alpha1/inferencegraphs'],
      [
        '/apis/serving.kserve.io/v1alpha2/llminferenceservices',
        '/apis/serving.kserve.io/v1alpha1/llminferenceservices',
      ],
    ])
  })

  it('the configurations of LLMs are read in each of their versions', () => {
    expect(pathsOf(llmConfigCollections(CLUSTER, 'kserve'))).toEqual([
      [
        '/apis/serving.kserve.io/v1alpha2/llminferenceserviceconfigs',
        '/apis/serving.kserve.io/v1alpha1/llminferenceserviceconfigs',
      ],
    ])
    const places = llmConfigCollections(TWO, 'kserve').map(({ namespace }) => namespace)
    expect(places).toEqual(['one', 'two', 'kserve'])
  })

  it('AccessPolicies are read', () => {
    expect(pathsOf(policyCollections(CLUSTER))).toEqual([
      ['/apis/kserve-authz.io/v1alpha1/accesspolicies'],
    ])
  })

  it('only Secrets and pods with our labels are read', () => {
    expect(holdingCollections(CLUSTER).map(({ query }) => query.labelSelector)).toEqual([
      'serving.kserve.io/inferenceservice',
      'serving.kserve.io/inferencegraph',
      'app.kubernetes.io/part-of=llminferenceservice',
      'tier=gold,x.io/kind=key',
    ])
  })

  it('only gateway pods with gateway labels are read, and the configured ones', () => {
    const declared = [{ namespace: 'istio-system', podLabels: { istio: 'ingress' } }]
    const collections = (scope: Scope) =>
      gatewayCollections(scope, 'kserve', declared).map(
        ({ namespace = '*', query }) => `${namespace} ${query.labelSelector}`,
      )
    expect(collections(CLUSTER)).toEqual([
      '* gateway.networking.k8s.io/gateway-name',
      '* gateway.envoyproxy.io/owning-gateway-name',
      'istio-system istio=ingress',
    ])
    expect(collections({ ...TWO, namespaces: ['one'] })).toEqual([
      'one gateway.networking.k8s.io/gateway-name',
      'one gateway.envoyproxy.io/owning-gateway-name',
      'kserve gateway.networking.k8s.io/gateway-name',
      'kserve gateway.envoyproxy.io/owning-gateway-name',
      'istio-system istio=ingress',
    ])
  })

  it('pods of gateways are optional in a namespace that is not watched otherwise', () => {
    const declared = [{ namespace: 'istio-system', podLabels: { istio: 'ingress' } }]
    const optional = (namespaces: readonly string[]) =>
      gatewayCollections({ namespaces }, 'kserve', declared)
        .filter((collection) => collection.optional === true)
        .map(({ namespace }) => namespace)
    expect(optional([])).toEqual([])
    expect(optional(['one'])).toEqual(['kserve', 'kserve', 'istio-system'])
    expect(optional(['one', 'kserve'])).toEqual(['istio-system'])
  })

  it('only the metadata of ServiceAccounts, their tokens and RBAC are read', () => {
    const collections = [...accountCollections(CLUSTER), ...rbacCollections(CLUSTER)]
    expect(collections.every(({ metadataOnly }) => metadataOnly)).toBe(true)
    expect(collections.map(({ resource }) => resource)).toEqual([
      'serviceaccounts',
      'secrets',
      'clusterroles',
      'clusterrolebindings',
      'roles',
      'rolebindings',
    ])
  })
})

describe('in selected namespaces', () => {
  it('each of them is read, and nothing cluster-wide', () => {
    const all = [serviceCollections, holdingCollections, accountCollections, rbacCollections]
    const paths = pathsOf(all.flatMap((collectionsOf) => collectionsOf(TWO))).flat()
    expect(paths.filter((path) => !/\/namespaces\/(?:one|two)\//.test(path))).toEqual([])
    expect(paths).toHaveLength(2 * (4 + 4 + 2 + 2))
  })
})

it("only KServe's ConfigMap is read", () => {
  expect(configurationCollection('kserve')).toMatchObject({
    paths: ['/api/v1/namespaces/kserve/configmaps'],
    query: { fieldSelector: 'metadata.name=inferenceservice-config' },
  })
})
