import { filled, type Gateway, type Part, type Route } from './model.ts'
import {
  backendOf,
  clusterNames,
  componentsOf,
  goodOf,
  type Named,
  type Places,
  serviceObject,
  wholeHosts,
} from './named.ts'

/** An InferenceService in mode Knative, with VirtualServices and status as KServe 0.20 makes them. */
export function knativeService(named: Named, { settings, random, external, local }: Places): Part {
  const { namespace, name } = named
  const { domain, pathTemplate } = settings
  const backend = backendOf('InferenceService', named)
  const components = componentsOf(random)
  const tags = random.chance(0.4) ? ['latest', 'prev'] : []
  const path = pathTemplate && filled(pathTemplate, { Name: name, Namespace: namespace })
  const route = (gateway: Gateway, hostnames: readonly string[]) =>
    wholeHosts('host of Knative', gateway, hostnames, backend)
  const additional = settings.additionalDomains.map((each) => `${name}.${namespace}.${each}`)
  const outside = [`${name}.${namespace}.${domain}`, ...additional]
  const component = (each: string) => `${name}-${each}.${namespace}.${domain}`
  const tagged = (each: string) => tags.map((tag) => `${tag}-${component(each)}`)
  const statusHosts = components.flatMap((each) => [component(each), ...tagged(each)])
  const inside = components.flatMap((each) => clusterNames(`${name}-${each}`, namespace))
  const whole = `${name}.${namespace}.svc.cluster.local`
  const pathRoute: Route = {
    kind: 'path template',
    source: 'VirtualService',
    gateways: [external.id],
    hostnames: [domain],
    matches: [
      { path: { type: 'Exact', value: path ?? '' } },
      { path: { type: 'Plain', value: `${path}/` } },
    ],
    backends: [backend],
    traits: [],
  }
  return {
    backends: [backend],
    objects: [
      serviceObject(named, components, random, {
        labels: {},
        status: {
          url: path === undefined ? `http://${outside[0]}` : `http://${domain}${path}`,
          address: { url: `http://${whole}` },
          components: Object.fromEntries(
            components.map((each) => [each, knativeStatus(component(each), tagged(each), each)]),
          ),
          deploymentMode: 'Knative',
        },
      }),
    ],
    routes: [
      route(external, outside),
      ...statusHosts.map((host) => route(external, [host])),
      route(local, [whole]),
      route(local, inside),
      ...(path === undefined ? [] : [pathRoute]),
    ],
    goods: [
      ...[...statusHosts, ...(path === undefined ? outside.slice(0, 1) : [])].map((host) =>
        goodOf('host of a status', external, host, backend),
      ),
      ...additional.map((host) => goodOf('additional domain', external, host, backend)),
      ...[whole, ...inside].map((host) => goodOf("Knative's cluster name", local, host, backend)),
      ...(path === undefined
        ? []
        : [goodOf('path template', external, domain, backend, `${path}/v1/models/m:predict`)]),
    ],
    // The short names of the whole service are not routes of KServe 0.20; they were in earlier releases.
    hosts: [...outside, ...statusHosts, ...clusterNames(name, namespace), ...inside],
    names: [],
  }
}

const knativeStatus = (host: string, tagged: readonly string[], each: string) => ({
  url: `http://${host}`,
  address: { url: `http://${host.split('.').slice(0, 2).join('.')}.svc.cluster.local` },
  latestReadyRevision: `${each}-00001`,
  traffic: [
    { latestRevision: true, percent: 100, revisionName: `${each}-00001` },
    ...tagged.map((url) => ({ tag: url.split('-', 1)[0], url: `http://${url}`, percent: 0 })),
  ],
})
