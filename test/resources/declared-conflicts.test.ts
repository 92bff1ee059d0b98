import { describe, expect, it } from 'vitest'
import { declaredInVain, declaredTwice } from '../../src/resources/declared-routes.ts'
import type { DeclaredHost } from '../../src/resources/read-settings.ts'
import {
  anInferenceService,
  anLlmInferenceService,
  read,
  reasonsOf,
} from '../../testing/objects.ts'

const declared = (given: Partial<DeclaredHost> = {}): DeclaredHost => ({
  host: 'iris.example.com',
  path: '/',
  kind: 'InferenceService',
  namespace: 'team',
  name: 'other',
  ...given,
})

const iris = (url = 'http://iris.example.com') => anInferenceService({ status: { url } })

const reasons = (hosts: readonly DeclaredHost[], object: object = iris()) =>
  reasonsOf(read(object, { gateways: { hosts } }))

describe('a host that both KServe and the configuration give', () => {
  it.each<[title: string, hosts: readonly DeclaredHost[], told: readonly string[]]>([
    ['to different services is reported', [declared()], ['DeclaredForAnother']],
    [
      'of which one is of another kind, too',
      [declared({ kind: 'InferenceGraph', name: 'iris' })],
      ['DeclaredForAnother'],
    ],
    [
      'of which one is of another namespace, too',
      [declared({ namespace: 'x', name: 'iris' })],
      ['DeclaredForAnother'],
    ],
    [
      'or a path on it, to another service is reported',
      [declared({ path: '/a' })],
      ['DeclaredForAnother'],
    ],
    ['to the same service is no conflict', [declared({ name: 'iris' })], []],
    ['is another host', [declared({ host: 'other.example.com' })], []],
    [
      'is found beside one of its own',
      [declared({ name: 'iris' }), declared()],
      ['DeclaredForAnother'],
    ],
    [
      'at other gateways is reported while those of KServe are not known',
      [declared({ gateways: ['a/b'] })],
      ['DeclaredForAnother'],
    ],
  ])('%s', (_title, hosts, told) => {
    expect(reasons(hosts)).toEqual(told)
  })

  it.each<[path: string, told: readonly string[]]>([
    ['/', ['DeclaredForAnother']],
    ['/serving', ['DeclaredForAnother']],
    ['/serving/team/iris', ['DeclaredForAnother']],
    ['/serving/team/iris/v2', ['DeclaredForAnother']],
    ['/serving/team/other', []],
    ['/serving/team/irises', []],
  ])('below a path of KServe, with the path %s', (path, told) => {
    expect(
      reasons([declared({ path })], iris('http://iris.example.com/serving/team/iris')),
    ).toEqual(told)
  })

  it('is reported of an LLMInferenceService as well', () => {
    const llm = anLlmInferenceService({
      spec: {
        router: {
          route: {
            http: {
              spec: {
                hostnames: ['iris.example.com'],
                rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/v1' } }] }],
              },
            },
          },
        },
      },
    })
    expect(reasons([declared()], llm)).toContain('DeclaredForAnother')
    expect(reasons([declared({ host: 'other.example.com' })], llm)).toEqual([])
  })
})

describe('the declared hosts', () => {
  it('of several services are reported', () => {
    const hosts = [declared(), declared({ path: '/a' }), declared({ name: 'iris' }), declared()]
    expect(declaredTwice(hosts)).toEqual([
      expect.objectContaining({
        object: 'gateways.hosts iris.example.com',
        reason: 'DeclaredTwice',
      }),
    ])
    expect(declaredTwice([declared(), declared()])).toEqual([])
  })

  it('of a service that does not exist are reported', () => {
    const hosts = [declared(), declared({ name: 'iris', path: '/a' })]
    expect(declaredInVain(hosts, ({ name }) => name === 'other')).toEqual([
      {
        object: 'gateways.hosts iris.example.com/a',
        reason: 'NoSuchService',
        message: 'there is no InferenceService team/iris: its requests are refused',
      },
    ])
  })
})
