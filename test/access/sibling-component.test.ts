import { describe, expect, it } from 'vitest'
import type { Service } from '../../src/access/service.ts'
import { siblingComponent } from '../../src/access/sibling-component.ts'
import type { Component, Workload } from '../../src/access/workload.ts'
import { aDirectory, anLlm, aService, atPod, aWorkload } from '../../testing/builders.ts'

const SOURCE = '10.0.0.2'
const PRINCIPAL = 'spiffe://cluster.local/ns/team/sa/default'

const transformer = (given: Partial<Workload> = {}) =>
  aWorkload({
    name: 'iris-transformer-0',
    addresses: [SOURCE],
    serviceAccount: 'default',
    component: 'transformer',
    ...given,
  })

type Call = {
  readonly service?: Service
  readonly called?: Workload | undefined
  readonly callers?: readonly Workload[]
  readonly address?: string | undefined
  readonly principal?: string | undefined
}

function callOf({
  service = aService(),
  called = aWorkload(),
  callers = [transformer()],
  address = SOURCE,
  principal = PRINCIPAL,
}: Call = {}) {
  const target = { service, position: 'workload', workload: called, pathPrefix: '' } as const
  const workloads = [called, ...callers]
  const request = atPod({ source: { address, principal } })
  return siblingComponent(request, target, aDirectory({ workloads }), 'cluster.local')
}

describe('a component of a service may call its predictor', () => {
  it.each<Component>(['transformer', 'explainer'])('as its %s', (component) => {
    expect(callOf({ callers: [transformer({ component })] })).toMatchObject({ kind: 'component' })
  })

  it('and is identified by its ServiceAccount and pod', () => {
    expect(callOf()).toMatchObject({
      kind: 'component',
      user: 'system:serviceaccount:team:default',
      reference: 'team/iris-transformer-0',
    })
  })

  it.each<[title: string, Call]>([
    ['another predictor', { callers: [transformer({ component: 'predictor' })] }],
    ['a pod of no known component', { callers: [transformer({ component: undefined })] }],
    [
      'a transformer of another service',
      {
        callers: [
          transformer({ service: { kind: 'InferenceService', namespace: 'team', name: 'other' } }),
        ],
      },
    ],
    [
      'a transformer of a service of the same name in another namespace',
      {
        callers: [
          transformer({ service: { kind: 'InferenceService', namespace: 'other', name: 'iris' } }),
        ],
      },
    ],
    [
      'a pod of another kind of service with the same name',
      {
        callers: [
          transformer({ service: { kind: 'InferenceGraph', namespace: 'team', name: 'iris' } }),
        ],
      },
    ],
    ['a pod at another address', { address: '10.0.0.3' }],
    ['its own address', { address: '10.0.0.1' }],
    [
      'an address shared by two services',
      {
        callers: [
          transformer(),
          transformer({ service: { kind: 'InferenceService', namespace: 'team', name: 'other' } }),
        ],
      },
    ],
    ['another ServiceAccount', { principal: 'spiffe://cluster.local/ns/team/sa/other' }],
    ['another namespace', { principal: 'spiffe://cluster.local/ns/other/sa/default' }],
    ['another trust domain', { principal: 'spiffe://evil.local/ns/team/sa/default' }],
    ['the activator', { principal: 'spiffe://cluster.local/ns/knative-serving/sa/activator' }],
    ['a DNS name', { principal: 'default.team' }],
  ])('but not as %s', (_title, call) => {
    expect(callOf(call)).toBeUndefined()
  })

  it('but not without mutual TLS or an address', () => {
    const target = {
      service: aService(),
      position: 'workload',
      workload: aWorkload(),
      pathPrefix: '',
    } as const
    const directory = aDirectory({ workloads: [aWorkload(), transformer()] })
    const asking = (source: { address?: string; principal?: string }) =>
      siblingComponent(atPod({ source }), target, directory, 'cluster.local')
    expect(asking({ address: SOURCE })).toBeUndefined()
    expect(asking({ principal: PRINCIPAL })).toBeUndefined()
    expect(asking({ address: SOURCE, principal: PRINCIPAL })).toBeDefined()
  })
})

describe('a transformer may not call', () => {
  it.each<Component | undefined>(['transformer', 'explainer', 'graph', 'llm', undefined])(
    'a pod of the component %s',
    (component) => {
      expect(callOf({ called: aWorkload({ component }) })).toBeUndefined()
    },
  )

  it('its predictor through a gateway', () => {
    const target = {
      service: aService(),
      position: 'gateway',
      workload: undefined,
      pathPrefix: '',
    } as const
    const request = atPod({ source: { address: SOURCE, principal: PRINCIPAL } })
    const directory = aDirectory({ workloads: [transformer()] })
    expect(siblingComponent(request, target, directory, 'cluster.local')).toBeUndefined()
  })
})

describe('the pods of one LLMInferenceService', () => {
  const service = { kind: 'LLMInferenceService', namespace: 'llm', name: 'chat' } as const
  const pod = (given: Partial<Workload> = {}) =>
    aWorkload({ name: 'chat-0', service, component: 'llm', serviceAccount: 'default', ...given })
  const principal = 'spiffe://cluster.local/ns/llm/sa/default'
  const called = pod()

  it('may call each other', () => {
    const callers = [pod({ name: 'chat-1', addresses: [SOURCE] })]
    expect(callOf({ service: anLlm(), called, callers, principal })).toMatchObject({
      kind: 'component',
      reference: 'llm/chat-1',
    })
  })

  it('may not call the pods of another', () => {
    const other = { ...service, name: 'chat2' }
    const callers = [pod({ name: 'chat-1', addresses: [SOURCE], service: other })]
    expect(callOf({ service: anLlm(), called, callers, principal })).toBeUndefined()
  })
})
