import { filled, type Gateway, type Part } from './model.ts'
import {
  backendOf,
  clusterNames,
  goodOf,
  type Named,
  type Places,
  switchOf,
  wholeHosts,
} from './named.ts'

/** Standard graphs have a URL in their status and no route. */
export function inferenceGraph(named: Named, { settings, random, external, local }: Places): Part {
  const { namespace, name } = named
  const { domain } = settings
  const backend = backendOf('InferenceGraph', named)
  const isKnative = random.pick(settings.modes) === 'Knative'
  const host = isKnative
    ? `${name}.${namespace}.${domain}`
    : filled(settings.domainTemplate, { Name: name, Namespace: namespace, IngressDomain: domain })
  const inside = clusterNames(name, namespace)
  const route = (gateway: Gateway, hostnames: readonly string[]) =>
    wholeHosts('host of a graph', gateway, hostnames, backend)
  return {
    backends: [backend],
    objects: [
      {
        apiVersion: `serving.kserve.io/v1alpha1`,
        kind: 'InferenceGraph',
        metadata: { namespace, name, annotations: switchOf(named, random) },
        spec: { nodes: { root: { routerType: 'Sequence', steps: [{ serviceName: 'any' }] } } },
        status: { url: `http://${host}`, deploymentMode: isKnative ? 'Knative' : 'Standard' },
      },
    ],
    routes: isKnative ? [route(external, [host]), route(local, inside)] : [],
    goods: isKnative
      ? [
          goodOf('host of a graph', external, host, backend),
          ...inside.map((each) => goodOf("Knative's cluster name", local, each, backend)),
        ]
      : [],
    hosts: [host, ...(isKnative ? inside : [])],
    names: [],
  }
}
