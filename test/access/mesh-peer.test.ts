import { describe, expect, it } from 'vitest'
import { meshPeer } from '../../src/access/mesh-peer.ts'
import { aService, atPod } from '../../testing/builders.ts'

const MESH = {
  trustDomain: 'cluster.local',
  intermediaries: ['istio-system/*', 'knative-serving/activator'],
}
const of = (principal: string | undefined, position: 'workload' | 'gateway' = 'workload') =>
  meshPeer(
    atPod({ source: { principal } }),
    { service: aService(), position, workload: undefined, pathPrefix: '' },
    MESH,
  )

describe('a mesh peer', () => {
  it('is the ServiceAccount of its certificate, without a name in RBAC', () => {
    expect(of('spiffe://cluster.local/ns/a/sa/x')).toEqual({
      kind: 'mesh',
      user: 'cluster.local/ns/a/sa/x',
      principal: 'cluster.local/ns/a/sa/x',
      reference: 'cluster.local/ns/a/sa/x',
      groups: [],
      uid: undefined,
      extra: {},
      inRbac: false,
    })
  })

  it('is not recognized at a gateway', () => {
    expect(of('spiffe://cluster.local/ns/a/sa/x', 'gateway')).toBeUndefined()
  })

  it.each([
    undefined,
    '',
    'cluster.local/ns/a/sa/x',
    'spiffe://other.domain/ns/a/sa/x',
    'spiffe://cluster.local.evil/ns/a/sa/x',
    'spiffe://cluster.local/ns/a/sa/x/y',
    'spiffe://cluster.local/ns/a/sa/',
    'spiffe://cluster.local/ns/a/sa/x,spiffe://cluster.local/ns/b/sa/y',
    'spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway',
    'spiffe://cluster.local/ns/istio-system/sa/anything',
    'spiffe://cluster.local/ns/knative-serving/sa/activator',
  ])('is not recognized as %s', (principal) => {
    expect(of(principal)).toBeUndefined()
  })

  it.each(['istio-systems/sa/x', 'knative-serving/sa/controller', 'knative-serving/sa/activator2'])(
    'that only resembles an intermediary is itself the caller: %s',
    (name) => {
      expect(of(`spiffe://cluster.local/ns/${name}`)).toBeDefined()
    },
  )
})
