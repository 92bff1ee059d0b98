import { describe, expect, it } from 'vitest'
import type { Policy } from '../../src/access/policy.ts'
import { idOf } from '../../src/access/service.ts'
import {
  aDirectory,
  anApiKey,
  anLlm,
  aRoute,
  aService,
  aWorkload,
  digestOf,
} from '../../testing/builders.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'

describe('a directory', () => {
  it('finds a service by each of its routes', () => {
    const service = aService({ urls: ['iris.example.com', 'iris.team', 'gw.example.com/iris'] })
    const directory = aDirectory({ services: [service] })
    for (const route of service.routes) expect(directory.servicesRoutedBy(route)).toEqual([service])
  })

  it.each(['gw.example.com', 'gw.example.com/iris/v1', 'gw.example.com/Iris', '*/iris', 'x/iris'])(
    'does not find it by the other route %s',
    (url) => {
      const directory = aDirectory({ services: [aService({ urls: ['gw.example.com/iris'] })] })
      expect(directory.servicesRoutedBy(aRoute(url))).toEqual([])
    },
  )

  it('returns every service of a route, once', () => {
    const services = [aService({ urls: ['a', 'a'] }), anLlm({ urls: ['a'] })]
    expect(aDirectory({ services }).servicesRoutedBy(aRoute('a'))).toEqual(services)
  })

  it('removes a route when its service is removed or has another one', () => {
    const directory = aDirectory()
    directory.services.put('1', aService({ urls: ['a', 'b/x'] }))
    directory.services.put('1', aService({ urls: ['c'] }))
    expect(directory.servicesRoutedBy(aRoute('a'))).toEqual([])
    expect(directory.divides('b')).toBe(false)
    directory.services.remove('1')
    expect(directory.servicesRoutedBy(aRoute('c'))).toEqual([])
    expect(directory.servicesNamed(aService())).toEqual([])
  })

  it('knows which hosts are divided by paths', () => {
    const directory = aDirectory({ services: [aService({ urls: ['a', 'b/x'] })] })
    expect(['a', 'b', 'c', undefined].map(directory.divides)).toEqual([false, true, false, false])
  })

  it('knows that a path is claimed on every host', () => {
    const directory = aDirectory({ services: [anLlm()] })
    expect(directory.divides(undefined)).toBe(true)
    expect(directory.divides('a')).toBe(false)
  })

  it('finds a service by kind, namespace and name together', () => {
    const services = [aService(), aService({ kind: 'InferenceGraph' }), anLlm()]
    const directory = aDirectory({ services })
    for (const service of services) expect(directory.servicesNamed(service)).toEqual([service])
    expect(directory.servicesNamed({ ...aService(), namespace: 'llm' })).toEqual([])
  })

  it('holds two declarations of one service from different sources', () => {
    const services = [aService(), aService({ protection: 'open' })]
    expect(aDirectory({ services }).servicesNamed(aService())).toEqual(services)
  })

  it('finds a pod by each of its addresses until it is removed', () => {
    const directory = aDirectory()
    const pod = aWorkload({ addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.2'] })
    directory.workloads.put('1', pod)
    expect(directory.workloadsAt('10.0.0.1')).toEqual([pod])
    expect(directory.workloadsAt('10.0.0.2')).toEqual([pod])
    directory.workloads.put('1', { ...pod, addresses: ['10.0.0.3'] })
    expect(directory.workloadsAt('10.0.0.2')).toEqual([])
    directory.workloads.remove('1')
    expect(directory.workloadsAt('10.0.0.3')).toEqual([])
  })

  it('finds the pods of a service', () => {
    const second = aWorkload({ name: 'iris-predictor-1', addresses: ['10.0.0.2'] })
    const directory = aDirectory({ workloads: [aWorkload(), second] })
    expect(directory.workloadsOf(aService())).toEqual([aWorkload(), second])
    expect(directory.workloadsOf({ ...aService(), name: idOf(aService()) })).toEqual([])
  })

  it('finds keys by namespace and digest', () => {
    const keys = [anApiKey(), anApiKey({ name: 'again' }), anApiKey({ namespace: 'other' })]
    const directory = aDirectory({ keys })
    const digest = digestOf('iris-key-0123456789')
    expect(directory.keysWith('team', digest)).toEqual([keys[0], keys[1]])
    expect(directory.keysWith('other', digest)).toEqual([keys[2]])
    expect(directory.keysWith('third', digest)).toEqual([])
    expect(directory.keysWith('team', digestOf('x'))).toEqual([])
  })

  it('changes the policy version of a namespace with each change in that namespace only', () => {
    const directory = aDirectory()
    const versions = () => ['team', 'else'].map(directory.policyVersion)
    const [none] = [versions()]
    directory.policies.put('1', aPolicy())
    const [one] = [versions()]
    directory.policies.put('1', aPolicy())
    const [again] = [versions()]
    expect(new Set([none[0], one[0], again[0]]).size).toBe(3)
    expect([one[1], again[1]]).toEqual([none[1], none[1]])
    directory.policies.put('1', aPolicy({ namespace: 'else' }))
    expect(versions()[1]).not.toBe(none[1])
    expect(directory.policiesIn('team')).toEqual([])
    directory.policies.remove('1')
    expect(versions()).toEqual(none)
  })

  it('reports the namespaces whose policies exceed the limit, and these policies', () => {
    const directory = aDirectory()
    const fill = (mode: Policy['mode']) => {
      for (let index = 0; index < 4_096; index += 1) {
        directory.policies.put(`${mode} ${index}`, aPolicy({ mode, targets: [] }))
      }
    }
    fill('enforce')
    fill('none')
    expect(directory.policyExcess('team')).toEqual({ enforced: false, shadow: false })
    directory.policies.put('shadow', aPolicy())
    expect(directory.policyExcess('team')).toEqual({ enforced: false, shadow: true })
    directory.policies.put('more', aPolicy({ mode: 'enforce' }))
    expect(directory.policyExcess('team')).toEqual({ enforced: true, shadow: true })
    expect(directory.policyExcess('else')).toEqual({ enforced: false, shadow: false })
    directory.policies.remove('more')
    directory.policies.remove('shadow')
    expect(directory.policyExcess('team')).toEqual({ enforced: false, shadow: false })
  })
})
