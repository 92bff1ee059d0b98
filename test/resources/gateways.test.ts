import { describe, expect, it } from 'vitest'
import { readIngress } from '../../src/resources/ingress.ts'
import {
  anInferenceService,
  anLlmInferenceService,
  read,
  readService,
} from '../../testing/objects.ts'

const ingressWith = (fields: object = {}) =>
  readIngress({ data: { ingress: JSON.stringify({ enableGatewayApi: true, ...fields }) } }).ingress

type Spec = Record<string, unknown>

const llm = (spec: Spec, status: object = {}, settings = {}, metadata = {}) =>
  readService(anLlmInferenceService({ spec, status, metadata }), {
    ingress: ingressWith(),
    ...settings,
  })

const origin = (name: string, namespace = 'gw') => ({
  url: 'http://203.0.113.3/team/chat',
  origin: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name, namespace },
})

describe('the gateways of an LLMInferenceService are', () => {
  const routed = (parentRefs: readonly object[]) => ({
    router: { route: { http: { spec: { parentRefs } } } },
  })

  it("KServe's default if it names none", () => {
    expect(llm({}).gateways).toEqual(['kserve/kserve-ingress-gateway'])
    const ingress = ingressWith({ kserveIngressGateway: 'gw/models' })
    expect(llm({}, {}, { ingress }).gateways).toEqual(['gw/models'])
    expect(llm({}, {}, { ingress: undefined }).gateways).toEqual(['*'])
  })

  it('those that it names, in its own namespace by default', () => {
    const refs = [{ name: 'one', namespace: 'gw' }, { name: 'two' }]
    expect(llm({ router: { gateway: { refs } } }).gateways).toEqual(['gw/one', 'team/two'])
    expect(llm(routed(refs)).gateways).toEqual(['gw/one', 'team/two'])
  })

  it('also those in its status', () => {
    const status = { addresses: [origin('old')] }
    expect(llm(routed([{ name: 'new', namespace: 'gw' }]), status).gateways).toEqual([
      'gw/new',
      'gw/old',
    ])
  })

  it.each([
    ['a parent of another kind', [{ kind: 'ListenerSet', name: 'one' }]],
    ['a parent without a name', [{}]],
    ['an invalid name', [{ name: '../one' }]],
  ])('all of them with %s', (_title, parentRefs) => {
    expect(llm(routed(parentRefs)).gateways).toContain('*')
  })

  it('all of them if others make its routes and its status has none', () => {
    const spec = { router: { route: { http: { refs: [{ name: 'mine' }] } } } }
    expect(llm(spec).gateways).toEqual(['*'])
    expect(llm(spec, { addresses: [origin('one')] }).gateways).toEqual(['gw/one'])
  })

  it("all of them in a routing group, whose members are reached by each other's routes", () => {
    expect(llm({ router: { route: { group: 'chat' } } }).gateways).toEqual(['*'])
  })
})

describe('an LLMInferenceService is known to have its routes', () => {
  const spec = { router: { gateway: { refs: [{ name: 'one', namespace: 'gw' }] } } }
  const status = { addresses: [origin('one')] }

  it('if spec and status agree', () => {
    expect(llm(spec, status).attached).toEqual(['gw/one'])
    expect(llm(spec).attached).toEqual([])
    expect(llm(spec, { addresses: [origin('two')] }).attached).toEqual([])
  })

  it('but not while a condition says that they are not ready', () => {
    const conditions = [{ type: 'HTTPRoutesReady', status: 'False' }]
    expect(llm(spec, { ...status, conditions }).attached).toEqual([])
  })

  it('but not while it is stopped', () => {
    const annotations = { 'serving.kserve.io/stop': 'true' }
    expect(llm(spec, status, {}, { annotations }).attached).toEqual([])
  })

  it('but not if they are at a single listener', () => {
    const parentRefs = [{ name: 'one', namespace: 'gw', sectionName: 'https' }]
    const own = { router: { route: { http: { spec: { parentRefs } } } } }
    expect(llm(own, status).attached).toEqual([])
  })
})

describe('the hosts of an InferenceService are', () => {
  const HOST = 'sklearn-iris-team.example.com'
  const shown = { url: `http://${HOST}`, deploymentMode: 'Standard' }
  const routeOf = (status: object, settings = {}) => {
    const object = anInferenceService({
      metadata: { namespace: 'team', name: 'sklearn-iris' },
      status,
    })
    const { routes } = readService(object, { ingress: ingressWith(), ...settings })
    return routes.find(({ host }) => host === HOST)
  }

  it("at KServe's gateway in Standard mode, and confirmed once the status has them", () => {
    const gateways = ['kserve/kserve-ingress-gateway']
    expect(routeOf(shown)).toMatchObject({ gateways, attached: gateways })
    expect(routeOf({ deploymentMode: 'Standard' })).toMatchObject({ gateways, attached: [] })
  })

  it("at Istio's gateway in Knative mode", () => {
    expect(routeOf({ ...shown, deploymentMode: 'Knative' })).toMatchObject({
      gateways: ['istio:knative-serving/knative-ingress-gateway'],
    })
  })

  it.each([
    ['with another ingress than the Gateway API', shown, { enableGatewayApi: false }],
    [
      'of Knative without Istio',
      { ...shown, deploymentMode: 'Knative' },
      { disableIstioVirtualHost: true },
    ],
    ['if the mode is unknown', { url: shown.url }, {}],
    ['if the name of the gateway is unreadable', shown, { kserveIngressGateway: 'one' }],
  ])('not known %s', (_title, status, fields) => {
    expect(routeOf(status, { ingress: ingressWith(fields) })?.gateways).toBeUndefined()
  })
})

describe('a pod is the proxy of', () => {
  const PLAIN = 'gateway.networking.k8s.io/gateway-name'
  const OWNER = 'gateway.envoyproxy.io/owning-gateway-name'
  const OWNERS = 'gateway.envoyproxy.io/owning-gateway-namespace'
  const proxiesOf = (
    namespace: string,
    labels: Record<string, string>,
    {
      gateways = {},
      spec = {},
      phase = 'Running',
    }: { gateways?: object; spec?: object; phase?: string } = {},
  ) => {
    const { resource } = read(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name: 'any', labels },
        spec,
        status: { phase, podIP: '10.0.0.1' },
      },
      {
        gateways: { hosts: [], controllerNamespaces: ['envoy-gateway-system'], ...gateways },
      },
    )
    return resource.kind === 'workloads' ? resource.proxies : []
  }
  const gatewaysOf = (...given: Parameters<typeof proxiesOf>) =>
    proxiesOf(...given).flatMap((each) => each.gateways)

  it('the Gateway in its namespace that its label names', () => {
    expect(gatewaysOf('gw', { [PLAIN]: 'one' })).toEqual(['gw/one'])
  })

  it("Envoy Gateway's Gateway in any namespace, if it runs in the namespace of a controller", () => {
    const labels = { [OWNER]: 'one', [OWNERS]: 'gw' }
    expect(gatewaysOf('envoy-gateway-system', labels)).toEqual(['gw/one'])
    expect(gatewaysOf('team', labels)).toEqual([])
    expect(gatewaysOf('team', { ...labels, [PLAIN]: 'two' })).toEqual([])
    expect(gatewaysOf('gw', labels)).toEqual(['gw/one'])
  })

  it("a Gateway at an address that is not known, on its node's network", () => {
    const given = { spec: { hostNetwork: true } }
    expect(proxiesOf('gw', { [PLAIN]: 'one' }, given)).toEqual([
      { addresses: [], gateways: ['gw/one'] },
    ])
    expect(proxiesOf('gw', {}, given)).toEqual([])
  })

  it('no Gateway, when finished, or with an invalid name', () => {
    const labels = { [PLAIN]: 'one' }
    expect(gatewaysOf('gw', labels, { phase: 'Succeeded' })).toEqual([])
    expect(gatewaysOf('gw', { [PLAIN]: '' })).toEqual([])
  })

  it('the configured Gateway, with all configured labels, in the configured namespace', () => {
    const podLabels = { istio: 'ingress', app: 'a' }
    const gateways = { proxies: [{ namespace: 'gw', podLabels, gateways: ['istio:gw/two'] }] }
    expect(gatewaysOf('gw', { ...podLabels, [PLAIN]: 'one' }, { gateways })).toEqual([
      'istio:gw/two',
    ])
    expect(proxiesOf('gw', podLabels, { gateways })[0]?.declared).toBe(true)
    expect(proxiesOf('gw', { [PLAIN]: 'one' }, { gateways })[0]?.declared).toBeUndefined()
    expect(gatewaysOf('gw', { istio: 'ingress' }, { gateways })).toEqual([])
    expect(gatewaysOf('team', podLabels, { gateways })).toEqual([])
  })
})
