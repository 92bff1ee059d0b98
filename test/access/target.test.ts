import { describe, expect, it } from 'vitest'
import { findTargets } from '../../src/access/find-targets.ts'
import type { Gateways } from '../../src/access/gateways.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import { idOf, type Route, type Service } from '../../src/access/service.ts'
import { canonicalAddress } from '../../src/common/address.ts'
import {
  aDirectory,
  anLlm,
  aRequest,
  aService,
  atPod,
  aWorkload,
  GATEWAYS,
} from '../../testing/builders.ts'

type Directory = ReturnType<typeof aDirectory>

/** The reason of a denial, or each target as `Kind/namespace/name` with the prefix that a gateway strips. */
function targetsOf(request: AccessRequest, directory: Directory): string | readonly string[] {
  const targets = findTargets(request, directory, GATEWAYS, () => true)
  return 'outcome' in targets
    ? targets.reason
    : targets.map(({ service, pathPrefix }) => `${idOf(service)} ${pathPrefix}`.trim())
}

const IRIS = 'InferenceService/team/iris'
const OTHER = 'InferenceService/other/open'
const CHAT = 'LLMInferenceService/llm/chat'

/** The same service, known only by fields that a tenant can write. */
const publishing = (service: Service): Service => ({
  ...service,
  routes: service.routes.map((route) => ({ ...route, basis: 'published' })),
})

const other = aService({ namespace: 'other', name: 'open', urls: ['open.example.com'] })

describe('at a workload', () => {
  const directory = aDirectory({ services: [aService(), other], workloads: [aWorkload()] })

  it('the called pod determines the service', () => {
    expect(targetsOf(atPod(), directory)).toEqual([IRIS])
  })

  it('the target has its position and its pod', () => {
    const [target] = [findTargets(atPod(), directory, GATEWAYS, () => true)].flat()
    expect(target).toMatchObject({ position: 'workload', workload: { component: 'predictor' } })
  })

  it.each([
    ['an IPv4-mapped address', '10.0.0.1', '::ffff:10.0.0.1'],
    ['an IPv4-mapped address in hex', '10.0.0.1', '::FFFF:0A00:0001'],
    ['an IPv4-mapped address of the pod', '::ffff:10.0.0.1', '10.0.0.1'],
    ['IPv6 in capitals', '2001:db8::a', '2001:DB8::A'],
    ['IPv6 written out', '2001:db8::a', '2001:0db8:0000:0000:0000:0000:0000:000a'],
  ])('%s is the same pod', (_title, ofPod, asked) => {
    const addresses = [canonicalAddress(ofPod) ?? '']
    const held = aDirectory({ services: [aService()], workloads: [aWorkload({ addresses })] })
    const request = atPod({ destination: { address: canonicalAddress(asked) } })
    expect(targetsOf(request, held)).toEqual([IRIS])
  })

  it('a pod is found by each of its addresses', () => {
    const workload = aWorkload({ addresses: ['10.0.0.1', '2001:db8:0:0:0:0:0:a'] })
    const held = aDirectory({ services: [aService()], workloads: [workload] })
    for (const address of workload.addresses) {
      expect(targetsOf(atPod({ destination: { address } }), held)).toEqual([IRIS])
    }
  })

  it.each([
    ['an unknown address', { address: '10.0.0.9' }],
    ['no address', { address: undefined }],
  ])('%s is not a target, whatever the Host', (_title, destination) => {
    expect(targetsOf(atPod({ destination }), directory)).toBe('unknown-target')
    expect(targetsOf(atPod({ destination, host: 'open.example.com' }), directory)).toBe(
      'unknown-target',
    )
  })

  it('a pod of an unknown service is not a target', () => {
    const held = aDirectory({ services: [other], workloads: [aWorkload()] })
    expect(targetsOf(atPod(), held)).toBe('unknown-target')
    expect(targetsOf(atPod({ host: 'open.example.com' }), held)).toBe('unknown-target')
  })

  it('the kind, the namespace and the name must all match those of the pod', () => {
    for (const given of [
      { kind: 'InferenceGraph' as const },
      { namespace: 'other' },
      { name: 'iris2' },
    ]) {
      const held = aDirectory({ services: [aService(given)], workloads: [aWorkload()] })
      expect(targetsOf(atPod(), held)).toBe('unknown-target')
    }
  })

  it('two pods with one address are two targets', () => {
    const second = aWorkload({
      namespace: 'other',
      name: 'open-predictor-0',
      service: { kind: 'InferenceService', namespace: 'other', name: 'open' },
    })
    const held = aDirectory({ services: [aService(), other], workloads: [aWorkload(), second] })
    expect(targetsOf(atPod({ host: '10.0.0.1' }), held)).toEqual([OTHER, IRIS])
  })

  it('two pods with one address are not targets if the service of one is unknown', () => {
    const second = aWorkload({
      name: 'gone-0',
      service: { kind: 'InferenceService', namespace: 'team', name: 'gone' },
    })
    for (const workloads of [
      [aWorkload(), second],
      [second, aWorkload()],
    ]) {
      const held = aDirectory({ services: [aService()], workloads })
      expect(targetsOf(atPod(), held)).toBe('unknown-target')
    }
  })

  it('a service declared by two sources is two targets', () => {
    const services = [aService(), aService({ protection: 'open' })]
    const held = aDirectory({ services, workloads: [aWorkload()] })
    expect(targetsOf(atPod(), held)).toEqual([IRIS, IRIS])
  })
})

describe("a workload's own identity", () => {
  const directory = aDirectory({ services: [aService()], workloads: [aWorkload()] })
  const as = (principal: string | undefined) => atPod({ destination: { principal } })

  it('may be absent', () => {
    expect(targetsOf(as(undefined), directory)).toEqual([IRIS])
  })

  it('may be that of the pod', () => {
    expect(targetsOf(as('spiffe://cluster.local/ns/team/sa/iris-sa'), directory)).toEqual([IRIS])
  })

  it.each([
    ['of another namespace', 'spiffe://cluster.local/ns/other/sa/iris-sa'],
    ['of another ServiceAccount', 'spiffe://cluster.local/ns/team/sa/default'],
    ['with a suffix', 'spiffe://cluster.local/ns/team/sa/iris-sa/x'],
    ['with a prefix', 'xspiffe://cluster.local/ns/team/sa/iris-sa'],
    ['with dots', 'spiffe://cluster.local/ns/other/../team/sa/iris-sa'],
    ['with a line feed', 'spiffe://cluster.local/ns/team/sa/iris-sa\n'],
    ['in another form', 'CN=iris-sa,O=team'],
    ['of DNS', 'iris-sa.team'],
  ])('must not be one %s', (_title, principal) => {
    expect(targetsOf(as(principal), directory)).toBe('conflicting-target')
  })

  it('must match both pods of one address', () => {
    const second = aWorkload({ name: 'other-0', serviceAccount: 'default' })
    const held = aDirectory({ services: [aService()], workloads: [aWorkload(), second] })
    expect(targetsOf(as('spiffe://cluster.local/ns/team/sa/iris-sa'), held)).toBe(
      'conflicting-target',
    )
    expect(targetsOf(as('spiffe://cluster.local/ns/team/sa/default'), held)).toBe(
      'conflicting-target',
    )
  })
})

describe('the Host at a workload', () => {
  const divided = aService({ namespace: 'other', name: 'part', urls: ['gw.example.com/part'] })
  const published = publishing(aService({ namespace: 'z', urls: ['published.example.com'] }))
  const directory = aDirectory({
    services: [aService(), other, divided, published, anLlm()],
    workloads: [aWorkload()],
  })

  it.each([
    ['its own', 'iris.example.com'],
    ["the pod's address", '10.0.0.1'],
    ['the address of a Service', '10.96.0.7'],
    ['a name without a service', 'alias.internal'],
    ['one of which another service has only a path', 'gw.example.com'],
    ['one that another service only publishes', 'published.example.com'],
  ])('may be %s', (_title, host) => {
    expect(targetsOf(atPod({ host }), directory)).toEqual([IRIS])
  })

  it('must not be one that only others have by name or configuration', () => {
    expect(targetsOf(atPod({ host: 'open.example.com' }), directory)).toBe('conflicting-target')
  })

  it('may be one that the service shares', () => {
    const sharing = aService({ urls: ['iris.example.com', 'open.example.com'] })
    const held = aDirectory({ services: [sharing, other], workloads: [aWorkload()] })
    expect(targetsOf(atPod({ host: 'open.example.com' }), held)).toEqual([IRIS])
  })

  it('must belong to both services if two pods have one address', () => {
    const second = aWorkload({
      name: 'open-0',
      service: { kind: 'InferenceService', namespace: 'other', name: 'open' },
    })
    const held = aDirectory({ services: [aService(), other], workloads: [aWorkload(), second] })
    expect(targetsOf(atPod({ host: 'iris.example.com' }), held)).toBe('conflicting-target')
    expect(targetsOf(atPod({ host: 'open.example.com' }), held)).toBe('conflicting-target')
  })

  it('is not compared with paths, and neither is the model header', () => {
    const request = atPod({
      path: '/llm/chat/v1/models',
      headers: { 'x-gateway-model-name': 'publishers/llm/models/meta/llama' },
    })
    expect(targetsOf(request, directory)).toEqual([IRIS])
    expect(targetsOf(atPod({ path: '//llm%2Fchat/..' }), directory)).toEqual([IRIS])
  })
})

describe('at a gateway', () => {
  it('the Host determines the service', () => {
    const directory = aDirectory({ services: [aService(), other] })
    expect(targetsOf(aRequest(), directory)).toEqual([IRIS])
    expect(targetsOf(aRequest({ host: 'open.example.com' }), directory)).toEqual([OTHER])
  })

  it.each([
    'unknown.example.com',
    'example.com',
    'x.iris.example.com',
    '10.0.0.1',
    '[2001:db8::1]',
  ])('%s leads to no service', (host) => {
    const directory = aDirectory({ services: [aService()], workloads: [aWorkload()] })
    expect(targetsOf(aRequest({ host }), directory)).toBe('unknown-target')
  })

  it("a pod's address determines nothing", () => {
    const directory = aDirectory({ services: [aService(), other], workloads: [aWorkload()] })
    const request = aRequest({ host: 'open.example.com', destination: { address: '10.0.0.1' } })
    expect(targetsOf(request, directory)).toEqual([OTHER])
  })

  it('every service with the host is a target', () => {
    const second = aService({ namespace: 'other', name: 'iris' })
    const directory = aDirectory({ services: [aService(), second] })
    expect(targetsOf(aRequest(), directory)).toEqual(['InferenceService/other/iris', IRIS])
  })

  it('targets are judged in order of kind, namespace and name', () => {
    const services = [
      aService({ kind: 'LLMInferenceService', namespace: 'a', name: 'a' }),
      aService({ namespace: 'b', name: 'b' }),
      aService({ namespace: 'b', name: 'a' }),
      aService({ namespace: 'a-b', name: 'a' }),
      aService({ namespace: 'a', name: 'z' }),
      aService({ kind: 'InferenceGraph', namespace: 'z', name: 'z' }),
    ]
    expect(targetsOf(aRequest(), aDirectory({ services }))).toEqual([
      'InferenceGraph/z/z',
      'InferenceService/a/z',
      'InferenceService/a-b/a',
      'InferenceService/b/a',
      'InferenceService/b/b',
      'LLMInferenceService/a/a',
    ])
  })

  it.each([
    'x-forwarded-host',
    'x-original-host',
    'forwarded',
    'x-envoy-original-host',
    'x-envoy-original-path',
    'x-forwarded-uri',
    'k-original-host',
    'kserve-isvc-name',
    'kserve-isvc-namespace',
    'knative-serving-namespace',
    'knative-serving-revision',
    'host',
    ':authority',
    '__proto__',
    'constructor',
  ])('%s does not affect the target', (name) => {
    const directory = aDirectory({ services: [aService(), other] })
    const headers = Object.fromEntries([[name, 'open.example.com']])
    expect(targetsOf(aRequest({ headers }), directory)).toEqual([IRIS])
  })

  it.each(['__proto__', 'constructor', 'tostring'])(
    'a service named %s is treated like any other',
    (name) => {
      const service = aService({ namespace: name, name, urls: [name] })
      const directory = aDirectory({ services: [aService(), service] })
      expect(targetsOf(aRequest({ host: name }), directory)).toEqual([
        `InferenceService/${name}/${name}`,
      ])
      expect(targetsOf(aRequest({ host: 'hasownproperty' }), directory)).toBe('unknown-target')
    },
  )
})

describe('a path at a gateway', () => {
  const whole = aService({ urls: ['gw.example.com'] })
  const part = aService({ namespace: 'other', name: 'part', urls: ['gw.example.com/serving/part'] })
  const deep = aService({
    namespace: 'other',
    name: 'zdeep',
    urls: ['gw.example.com/serving/part/zdeep'],
  })
  const directory = aDirectory({ services: [whole, part, deep, aService({ name: 'elsewhere' })] })
  const PART = 'InferenceService/other/part /serving/part'
  const DEEP = 'InferenceService/other/zdeep /serving/part/zdeep'
  const at = (path: string, host = 'gw.example.com') =>
    targetsOf(aRequest({ host, path }), directory)

  it.each([
    ['outside every prefix', '/v1/models/iris:predict', [IRIS]],
    ['above the prefix', '/serving', [IRIS]],
    ['equal to a prefix', '/serving/part', [PART, IRIS]],
    ['equal to a prefix with a slash', '/serving/part/', [PART, IRIS]],
    ['equal to a prefix with a query', '/serving/part?x=/serving/part/zdeep', [PART, IRIS]],
    ['below a prefix', '/serving/part/v1/models', [PART, IRIS]],
    ['below two prefixes', '/serving/part/zdeep/v1/models', [PART, DEEP, IRIS]],
    ['that only starts like a prefix', '/serving/part-admin', [IRIS]],
    ['in another letter case', '/Serving/Part', [IRIS]],
    ['with the prefix further down', '/v1/serving/part', [IRIS]],
  ])('%s leads to all services that have it', (_title, path, expected) => {
    expect(at(path)).toEqual(expected)
  })

  it('has no effect on another host', () => {
    expect(at('/serving/part/v1', 'iris.example.com')).toEqual(['InferenceService/team/elsewhere'])
  })

  it.each([
    '/serving//part',
    '//serving/part',
    '/serving/./part',
    '/serving/x/../part',
    '/serving%2Fpart',
    '/serving/%70art',
    '/serving/part%20',
    '/serving/part;x=y',
    '/serving/..;/part',
    '/serving\\part',
    '/serving/part/v1/models/my%20model',
    '/serving/part#x',
    '/v1/models/my%20model:predict',
    '/a,b',
  ])('that is not canonical is denied if paths divide the host: %s', (path) => {
    expect(at(path)).toBe('unsupported-request')
  })

  it('that is not canonical is allowed if nothing depends on it', () => {
    const held = aDirectory({ services: [aService(), part] })
    for (const path of ['/v1/models/my%20model:predict', '//x', '/a;b', '/..', '/%2F', '/#']) {
      expect(targetsOf(aRequest({ path }), held)).toEqual([IRIS])
    }
  })

  it.each([1, 2, 8, 16])('may have a depth of %i segments', (depth) => {
    const prefix = '/a'.repeat(depth)
    const other = aService({
      namespace: 'other',
      name: 'deep',
      urls: [`gw.example.com${prefix}`],
    })
    const held = aDirectory({ services: [whole, other] })
    const request = aRequest({ host: 'gw.example.com', path: `${prefix}/v1/models` })
    expect(targetsOf(request, held)).toEqual([`InferenceService/other/deep ${prefix}`, IRIS])
  })
})

describe('an LLM route', () => {
  const sibling = anLlm({
    name: 'chat2',
    urls: ['*/llm/chat2', '*/publishers/llm/models/meta/llama'],
  })
  const small = anLlm({ name: 'small', model: 'small' })
  const routed = anLlm({ name: 'routed', urls: ['*/own/route/version'] })
  const directory = aDirectory({ services: [aService(), anLlm(), sibling, small, routed] })
  const at = (path: string, host = 'unknown.example.com') =>
    targetsOf(aRequest({ host, path }), directory)
  const ROUTE = `${CHAT} /llm/chat`
  const PUBLISHED = [
    `${CHAT} /publishers/llm/models/meta/llama`,
    `${CHAT}2 /publishers/llm/models/meta/llama`,
  ]

  it.each([
    ['its name', '/llm/chat', [ROUTE]],
    ['its name with a suffix', '/llm/chat/v1/chat/completions', [ROUTE]],
    ['its publisher', '/publishers/llm/models/meta/llama', PUBLISHED],
    ['its publisher with a suffix', '/publishers/llm/models/meta/llama/v1/completions', PUBLISHED],
  ])('matches %s on any host', (_title, path, expected) => {
    expect(at(path)).toEqual(expected)
    expect(at(path, '10.0.0.1')).toEqual(expected)
    expect(at(path, 'iris.example.com')).toEqual([IRIS, ...expected])
  })

  it.each([
    '/llm',
    '/llm/chat-admin',
    '/llm/Chat',
    '/x/llm/chat',
    '/publishers/llm/models/meta',
    '/publishers/llm/models/meta/llama2',
    '/publishers/other/models/meta/llama',
    '/publishers/llm/chat',
  ])('does not match %s', (path) => {
    expect(at(path)).toBe('unknown-target')
  })

  it.each([
    '/llm//chat',
    '//llm/chat',
    '/llm%2Fchat',
    '/llm%2fchat',
    '/%6clm/chat',
    '/%6C%6C%6D/chat',
    '/llm/%63hat',
    '/llm/chat/../..',
    '/x/../llm/chat',
    '/x/y/../../llm/chat',
    '/./llm/chat',
    '/x/%2e%2e/llm/chat',
    '/llm/chat%2F..%2Fsmall',
    '/llm\\chat',
    '/x%5c..%5cllm/chat',
    '/llm;x/chat',
    '/llm/chat;x',
    '/x/..;/llm/chat',
    '/llm/chat/v1/my%20model',
    '/llm/chat#x',
    '/publishers%2Fllm/models/meta/llama',
    '/publishers/llm/models/meta%2Fllama',
    '/publishers/llm/models/meta%2Fllama/v1/models',
    '/publishers/llm/models/m%65ta/llama',
    '/own/route/%76ersion',
    '/own/route/v%31',
    '/publishers/llm/models/meta/llama/caf%C3%A9',
  ])('is not hidden by %s', (path) => {
    expect(at(path)).toBe('unsupported-request')
    expect(at(path, 'iris.example.com')).toBe('unsupported-request')
  })

  it('does not prevent a path that is odd only further down from reaching another service', () => {
    for (const path of ['/v1/models/my%20model:predict', '/v2/models/caf%C3%A9/infer']) {
      expect(at(path, 'iris.example.com')).toEqual([IRIS])
    }
  })
})

describe('the model header', () => {
  const sibling = anLlm({
    name: 'chat2',
    urls: ['*/llm/chat2', '*/publishers/llm/models/meta/llama'],
  })
  const small = anLlm({ name: 'small', model: 'small' })
  const directory = aDirectory({ services: [aService(), anLlm(), sibling, small] })
  const SMALL = 'LLMInferenceService/llm/small'
  const at = (name: string, path = '/v1/chat/completions', host = 'unknown.example.com') =>
    targetsOf(aRequest({ host, path, headers: { 'x-gateway-model-name': name } }), directory)

  it('determines the model if the path does not', () => {
    expect(at('publishers/llm/models/small')).toEqual([SMALL])
    expect(at('publishers/llm/models/meta/llama')).toEqual([CHAT, `${CHAT}2`])
  })

  it('adds to the services of the Host', () => {
    expect(at('publishers/llm/models/small', '/v1/models', 'iris.example.com')).toEqual([
      IRIS,
      SMALL,
    ])
  })

  it('may match the path', () => {
    expect(at('publishers/llm/models/small', '/llm/small/v1/models')).toEqual([
      `${SMALL} /llm/small`,
    ])
  })

  it('of several LLMs may leave the choice to the path', () => {
    expect(at('publishers/llm/models/meta/llama', '/llm/chat/v1/models')).toEqual([
      `${CHAT} /llm/chat`,
    ])
  })

  it.each([
    ['another model', 'publishers/llm/models/small', '/llm/chat/v1/models'],
    [
      'a model other than that of the publisher path',
      'publishers/llm/models/small',
      '/publishers/llm/models/meta/llama',
    ],
    ['an unknown model', 'publishers/llm/models/none', '/llm/chat/v1/models'],
    ['no model at all', 'whatever', '/llm/chat/v1/models'],
    ['two models', 'publishers/llm/models/meta/llama,publishers/llm/models/small', '/llm/chat'],
  ])('must not contain %s next to a path', (_title, name, path) => {
    expect(at(name, path)).toBe('conflicting-target')
  })

  it('with an unknown name is denied, whichever service has the host', () => {
    for (const host of ['unknown.example.com', 'iris.example.com']) {
      for (const name of ['publishers/llm/models/none', 'publishers/llm/models/small ', 'x']) {
        expect(at(name, '/v1/models', host)).toBe('unknown-target')
      }
    }
  })

  it('that is empty counts as absent', () => {
    expect(at('')).toBe('unknown-target')
    expect(at('', '/v1/models', 'iris.example.com')).toEqual([IRIS])
  })

  it.each([
    'publishers/llm/models/small,x',
    'x,publishers/llm/models/small',
    'x,',
    ',x',
    ',',
    'a,b',
  ])('must have a single value: %s', (name) => {
    for (const host of ['unknown.example.com', 'iris.example.com']) {
      expect(at(name, '/v1/models', host)).toBe('conflicting-target')
      expect(at(name, '/llm/small/v1/models', host)).toBe('conflicting-target')
    }
  })

  it('is never matched with paths', () => {
    expect(at('llm/chat', '/v1/models', 'iris.example.com')).toBe('unknown-target')
  })

  it("has the name from KServe's configuration in addition to the default", () => {
    const held = aDirectory({ services: [aService(), small] })
    held.modelHeaders.set('x-ai-eg-model')
    const ask = (headers: Readonly<Record<string, string>>) =>
      targetsOf(aRequest({ headers }), held)
    const named = 'publishers/llm/models/small'
    expect(ask({ 'x-ai-eg-model': named })).toEqual([IRIS, SMALL])
    expect(ask({ 'x-gateway-model-name': named })).toEqual([IRIS, SMALL])
    expect(ask({ 'x-ai-eg-model': 'publishers/llm/models/none' })).toBe('unknown-target')
    expect(ask({ 'x-ai-eg-model': named, 'x-gateway-model-name': 'x,y' })).toBe(
      'conflicting-target',
    )
  })

  it('does not apply to a path that is not canonical', () => {
    expect(at('publishers/llm/models/small', '/llm%2Fchat/v1/models')).toBe('unsupported-request')
  })
})

describe('a path under /publishers/', () => {
  it('without a service is denied on every host', () => {
    for (const services of [[aService()], [aService(), anLlm()]]) {
      const request = aRequest({ path: '/publishers/llm/models/none/v1/models' })
      expect(targetsOf(request, aDirectory({ services }))).toBe('unknown-target')
    }
  })
})

describe('the form of a host at a gateway', () => {
  const directory = aDirectory({ services: [aService(), anLlm()], workloads: [aWorkload()] })

  it('has no trailing dot, which Envoy does not strip', () => {
    for (const path of ['/v1/models/iris:predict', '/llm/chat/v1/models']) {
      const request = aRequest({ absoluteHost: true, path })
      expect(targetsOf(request, directory)).toBe('unsupported-request')
    }
  })

  it('may have the dot at a pod, where it has no effect', () => {
    expect(targetsOf(atPod({ absoluteHost: true }), directory)).toEqual([IRIS])
  })

  it('may have a port, unless the gateway treats it as part of the host', () => {
    const ask = (hostPort: Gateways['hostPort']) =>
      findTargets(aRequest({ hostPort: 8080 }), directory, { ...GATEWAYS, hostPort }, () => true)
    expect(ask('ignored')).toMatchObject([{ service: { name: 'iris' } }])
    expect(ask('compared')).toMatchObject({ reason: 'unsupported-request' })
  })
})

describe('a name in the cluster', () => {
  const unrouted = aService({ urls: ['iris.team'] })
  const service: Service = {
    ...unrouted,
    routes: unrouted.routes.map((route) => ({ ...route, basis: 'unrouted-name' })),
  }
  const open = aService({ namespace: 'z', name: 'open', protection: 'open' })

  it('leads to no service at a gateway without a route for it', () => {
    const directory = aDirectory({ services: [service] })
    expect(targetsOf(aRequest({ host: 'iris.team' }), directory)).toBe('unknown-target')
  })

  it('still belongs to its service at the pods of others', () => {
    const pod = aWorkload({ service: open })
    const directory = aDirectory({ services: [service, open], workloads: [pod] })
    expect(targetsOf(atPod({ host: 'iris.team' }), directory)).toBe('conflicting-target')
  })
})

describe('an LLM on a host that is not its own', () => {
  const HOST = 'unclaimed.example.com'
  const names = { 'x-gateway-model-name': 'publishers/llm/models/meta/llama' }
  const requests = [
    aRequest({ host: HOST, path: '/llm/chat/v1/models' }),
    aRequest({ host: HOST, path: '/publishers/llm/models/meta/llama/v1/models' }),
    aRequest({ host: HOST, headers: names }),
  ]
  const askAll = (llm: Service, gateways: Partial<Gateways> = {}) =>
    requests.map((request) => {
      const directory = aDirectory({ services: [llm] })
      const targets = findTargets(request, directory, { ...GATEWAYS, ...gateways }, () => true)
      return 'outcome' in targets ? targets.reason : 'found'
    })
  const ALL = ['found', 'found', 'found']
  const NONE = ['unknown-target', 'unknown-target', 'unknown-target']

  it('is not a target, open or protected', () => {
    const hosts = ['gateway.example.com']
    expect(askAll(anLlm({ hosts, protection: 'open' }))).toEqual(NONE)
    expect(askAll(anLlm({ hosts }))).toEqual(NONE)
  })

  it('is the target if its status has the host', () => {
    expect(askAll(anLlm({ hosts: ['x', HOST], protection: 'open' }))).toEqual(ALL)
  })

  it('is the target if the configuration has the host', () => {
    const isLlmHost = (host: string) => host === HOST
    expect(askAll(anLlm({ hosts: ['x'], protection: 'open' }), { isLlmHost })).toEqual(ALL)
  })

  it('without hosts in its status is a target while it is protected, unless hosts are configured', () => {
    expect(askAll(anLlm())).toEqual(ALL)
    expect(askAll(anLlm({ protection: 'open' }))).toEqual(NONE)
    expect(askAll(anLlm({ shadow: true }))).toEqual(NONE)
    expect(askAll(anLlm(), { unpublishedLlms: false })).toEqual(NONE)
  })

  it('is judged together with the service of the host', () => {
    const llm = anLlm({ hosts: ['gateway.example.com'] })
    const services = [aService({ urls: [HOST], protection: 'open' }), llm]
    for (const request of requests) {
      const targets = targetsOf(request, aDirectory({ services }))
      expect(targets).toHaveLength(2)
    }
  })
})

describe("an LLM's own route", () => {
  const own = (name: string, ...routes: readonly Partial<Route>[]): Service => ({
    ...anLlm({ name, hosts: ['gw.example.com'], urls: [], gateways: ['gw/one'] }),
    routes: routes.map((route) => ({
      host: undefined,
      pathPrefix: '',
      basis: 'published' as const,
      own: route.host === undefined,
      ...route,
    })),
  })
  /** A service whose status shows that its routes are at the same gateway. */
  const beside = (given: Parameters<typeof anLlm>[0] = {}) =>
    anLlm({ hosts: ['gw.example.com'], gateways: ['gw/one'], attached: ['gw/one'], ...given })
  const at = (given: Parameters<typeof aRequest>[0], ...services: readonly Service[]) =>
    targetsOf(aRequest({ host: 'gw.example.com', ...given }), aDirectory({ services }))

  it('applies only if the request can have its headers', () => {
    const headers = [['x-tenant', 'a']] as const
    const tenant = own('tenant', { host: 'gw.example.com', pathPrefix: '/v1', headers })
    const path = '/v1/completions'
    expect(at({ path, headers: { 'x-tenant': 'a' } }, tenant)).toEqual([
      'LLMInferenceService/llm/tenant /v1',
    ])
    expect(at({ path, headers: { 'x-tenant': 'b,a' } }, tenant)).toEqual([
      'LLMInferenceService/llm/tenant /v1',
    ])
    for (const other of [{}, { 'x-tenant': 'b' }, { 'x-tenant': 'A' }]) {
      expect(at({ path, headers: other }, tenant)).toBe('unknown-target')
    }
  })

  it('that takes the rest of a shared host never allows a request alone', () => {
    const rest = own('rest', { host: 'gw.example.com', basis: 'shared' })
    expect(at({ path: '/v1/models' }, rest)).toBe('unknown-target')
  })

  it('that takes the rest is a target, unless a route of that host is more specific', () => {
    const rest = own('rest', { host: 'gw.example.com', basis: 'shared' })
    const iris = aService({ urls: ['gw.example.com'] })
    expect(at({ path: '/v1/models' }, rest, iris)).toHaveLength(2)
    expect(at({ path: '/llm/chat/v1/models' }, rest, beside())).toEqual([`${CHAT} /llm/chat`])
    const unsure = anLlm({ hosts: ['gw.example.com'] })
    expect(at({ path: '/llm/chat/v1/models' }, rest, unsure)).toHaveLength(2)
    const elsewhere = anLlm({ hosts: ['other.example.com'] })
    expect(at({ path: '/llm/chat/v1/models' }, rest, elsewhere, iris)).toHaveLength(3)
  })

  it('that replaces those of KServe keeps its names as targets', () => {
    const path = '/llm/chat/v1/models'
    const llm = anLlm({ hosts: ['gw.example.com'], modelsRouted: false })
    const unrouted: Service = {
      ...llm,
      routes: llm.routes.map((route) => ({ ...route, basis: 'shared' })),
    }
    const headers = { 'x-gateway-model-name': 'publishers/llm/models/meta/llama' }
    expect(at({ path }, unrouted)).toBe('unknown-target')
    expect(at({ headers }, unrouted)).toBe('unknown-target')
    const iris = aService({ urls: ['gw.example.com'] })
    expect(at({ path }, unrouted, iris)).toHaveLength(2)
    expect(at({ headers }, unrouted, iris)).toHaveLength(2)
  })

  it('that only a header selects is a target on any host, whichever line has the value', () => {
    const routed = own('routed', { basis: 'shared', headers: [['x-route', 'a']] })
    const iris = aService({ urls: ['iris.example.com'] })
    const ask = (value: string) =>
      targetsOf(
        aRequest({ headers: { 'x-route': value } }),
        aDirectory({ services: [routed, iris] }),
      )
    for (const value of ['a', 'b,a', 'a, b', ',a']) expect(ask(value)).toHaveLength(2)
    expect(ask('b')).toHaveLength(1)
    expect(ask(`${'b,'.repeat(100)}a`)).toBe('conflicting-target')
  })

  it('is a target on any host, except on longer paths of others', () => {
    const greedy = own('greedy', { pathPrefix: '/llm' })
    const elsewhere = { ...greedy, hosts: ['other.example.com'] }
    const chat = beside()
    const path = '/llm/chat/v1/models'
    expect(at({ path }, elsewhere, chat)).toEqual([`${CHAT} /llm/chat`])
    expect(at({ path }, greedy, chat)).toHaveLength(2)
    const iris = aService({ urls: ['gw.example.com'] })
    expect(at({ path: '/llm/other' }, elsewhere, iris)).toHaveLength(2)
  })

  it('with a regular expression is a target on longer paths, and only on those that end like it', () => {
    const pattern = own('pattern', { by: 'pattern', basis: 'shared', ending: '/v1/completions' })
    expect(at({ path: '/llm/chat/v1/completions' }, pattern, beside())).toHaveLength(2)
    expect(at({ path: '/llm/chat/v1/models' }, pattern, beside())).toEqual([`${CHAT} /llm/chat`])
    expect(at({ path: '/llm/chat/v1/completions?a=/v1/models' }, pattern, beside())).toHaveLength(2)
  })

  it('may occur with a model header, and both are targets', () => {
    const routed = own('routed', { pathPrefix: '/own' })
    const chat = anLlm({ hosts: ['gw.example.com'] })
    const headers = { 'x-gateway-model-name': 'publishers/llm/models/meta/llama' }
    expect(at({ path: '/own/x', headers }, routed, chat)).toHaveLength(2)
  })
})

describe('a model header on a path that is not an API of models', () => {
  it('does not allow a request: a route with that path would win', () => {
    const chat = anLlm({ hosts: ['gw.example.com'] })
    const directory = aDirectory({ services: [chat] })
    const headers = { 'x-gateway-model-name': 'publishers/llm/models/meta/llama' }
    const at = (path: string) =>
      targetsOf(aRequest({ host: 'gw.example.com', path, headers }), directory)
    expect(at('/shop/iris')).toBe('unknown-target')
    for (const path of ['/', '/v1/chat/completions', '/tokenize', '/v2/rerank']) {
      expect(at(path)).toEqual([CHAT])
    }
  })
})
