// The connections that checks depend on: from proxies to the service.

import { maySelectGateway, selectsPod } from '../resources/authorization-policy.ts'
import { gatewaysOfPod } from '../resources/gateway-pod.ts'
import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  textMapAt,
  valueAt,
} from '../resources/object.ts'
import { readOwnedRoute } from '../resources/owned-route.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { isAt, readSecurityPolicy } from '../resources/security-policy.ts'
import type { Pod } from './network-policies.ts'
import { type Objects, ownObjects } from './objects.ts'
import type { Cluster } from './pods.ts'
import type { ServicePod } from './services.ts'

/** A proxy, and a port of the service's Service that it asks at. */
export type AskingProxy = { readonly name: string; readonly pod: Pod; readonly port: number }

type Parts = Cluster & {
  readonly pods: readonly ServicePod[]
  readonly settings: Pick<ReadSettings, 'gateways'>
}

/** Every proxy that a policy of the service makes ask. */
export const askingProxies = (parts: Parts): readonly AskingProxy[] => [
  ...askingSidecars(parts),
  ...askingGateways(parts),
]

function askingSidecars({ pods, policies, mesh }: Parts): readonly AskingProxy[] {
  if (mesh === undefined) return []
  const own = policies.filter(({ isOwn }) => isOwn)
  return pods
    .filter(({ hasSidecar }) => hasSidecar)
    .flatMap(({ pod }) =>
      proxyOf(
        pod,
        own
          .filter((policy) => selectsPod(policy, pod, mesh))
          .flatMap(({ provider }) => mesh.ports.get(provider) ?? []),
      ),
    )
}

function askingGateways({ objects, mesh, policies, settings }: Parts): readonly AskingProxy[] {
  const { of } = objects
  const security = of('SecurityPolicy').map(readSecurityPolicy)
  const services = ownObjects(objects, 'Service')
  const routes = [...of('HTTPRoute'), ...of('GRPCRoute')].map(readOwnedRoute)
  const gateways = new Map(of('Gateway').map((each) => [`${each.namespace}/${each.name}`, each]))
  const portsAt = (gateway: KubernetesObject): readonly number[] => [
    ...policies
      .filter(({ isOwn }) => isOwn)
      .filter((policy) => maySelectGateway(policy, gateway, mesh?.rootNamespace))
      .flatMap(({ provider }) => mesh?.ports.get(provider) ?? []),
    ...security
      .filter(
        (policy) =>
          isAt(policy, gateway) ||
          routes.some(
            (route) =>
              isAt(policy, route) &&
              route.gateways.includes(`${gateway.namespace}/${gateway.name}`),
          ),
      )
      .flatMap(({ asks }) => asks)
      .filter(({ namespace, name }) =>
        services.some((each) => each.namespace === namespace && each.name === name),
      )
      .flatMap(({ port }) => port ?? []),
  ]
  return of('Pod').flatMap((pod) => {
    const found = gatewaysOfPod(pod, settings).gateways.flatMap((name) => gateways.get(name) ?? [])
    return proxyOf(pod, found.flatMap(portsAt))
  })
}

const proxyOf = (pod: KubernetesObject, ports: readonly number[]): readonly AskingProxy[] =>
  [...new Set(ports)].map((port) => ({ name: displayNameOf(pod), pod: endpointOf(pod), port }))

const endpointOf = ({ namespace, labels, content }: KubernetesObject): Pod => ({
  kind: 'pod',
  namespace,
  labels,
  ...inTemplate(content),
  addresses: listAt(content, 'status', 'podIPs').flatMap((each) => textAt(each, 'ip') ?? []),
})

const inTemplate = (template: unknown): Pick<Pod, 'hostNetwork' | 'ports'> => ({
  hostNetwork: valueAt(template, 'spec', 'hostNetwork') === true,
  ports: new Map(
    listAt(template, 'spec', 'containers')
      .flatMap((container) => listAt(container, 'ports'))
      .flatMap((each): readonly (readonly [string, number])[] => {
        const [name, port] = [textAt(each, 'name'), valueAt(each, 'containerPort')]
        return name !== undefined && typeof port === 'number' ? [[name, port]] : []
      }),
  ),
})

/** The pods of a Deployment of the service. */
export const replicaPodsOf = (objects: Objects): readonly Pod[] =>
  ownObjects(objects, 'Deployment').flatMap(({ namespace, content }) => {
    const template = valueAt(content, 'spec', 'template')
    const labels = textMapAt(template, 'metadata', 'labels') ?? new Map()
    const running = ownObjects(objects, 'Pod').filter((pod) => pod.namespace === namespace)
    const addresses = running.map(endpointOf).flatMap((each) => each.addresses)
    return [{ kind: 'pod', namespace, labels, addresses, ...inTemplate(template) }]
  })

/** The port of the pods behind a port of the service's Service. */
export function containerPort(objects: Objects, replica: Pod, port: number): number {
  const entry = ownObjects(objects, 'Service')
    .filter(({ namespace }) => namespace === replica.namespace)
    .flatMap(({ content }) => listAt(content, 'spec', 'ports'))
    .find((each) => valueAt(each, 'port') === port)
  const target = valueAt(entry, 'targetPort')
  if (typeof target === 'number') return target
  return (typeof target === 'string' ? replica.ports.get(target) : undefined) ?? port
}
