import { filled, type Match, type Part, type Route } from './model.ts'
import { backendOf, componentsOf, goodOf, type Named, type Places, serviceObject } from './named.ts'

const EVERYTHING: Match = { path: { type: 'RegularExpression', value: '^/.*$' } }

/** An InferenceService in mode Standard, with HTTPRoutes and status as KServe 0.20 makes them. */
export function standardService(named: Named, { settings, random, ingress }: Places): Part {
  const { namespace, name } = named
  const backend = backendOf('InferenceService', named)
  const components = componentsOf(random)
  const isLocal = random.chance(0.15)
  const host = (of: string) =>
    filled(settings.domainTemplate, {
      Name: of,
      Namespace: namespace,
      IngressDomain: settings.domain,
    })
  const additional = settings.additionalDomains.map((domain) => `${name}-${namespace}.${domain}`)
  const inCluster = `http://${name}-predictor.${namespace}.svc.cluster.local`
  const route = (
    hostnames: readonly string[],
    matches: readonly Match[] = [EVERYTHING],
  ): Route => ({
    kind: 'host of an InferenceService',
    source: 'HTTPRoute',
    gateways: [ingress.id],
    hostnames,
    matches,
    backends: [backend],
    traits: [],
  })
  const { pathTemplate } = settings
  const path = pathTemplate && filled(pathTemplate, { Name: name, Namespace: namespace })
  const top = [host(name), ...additional, ...(path === undefined ? [] : [settings.domain])]
  const rules: readonly Match[] =
    path === undefined
      ? [EVERYTHING]
      : [{ path: { type: 'RegularExpression', value: `${path}/` } }, EVERYTHING]
  const hosts = [host(name), ...components.map((each) => host(`${name}-${each}`))]
  const status = isLocal
    ? { url: inCluster, address: { url: inCluster } }
    : {
        url: `http://${host(name)}`,
        address: { url: inCluster },
        components: Object.fromEntries(
          components.map((each) => [each, { url: `http://${host(`${name}-${each}`)}` }]),
        ),
      }
  return {
    backends: [backend],
    objects: [
      serviceObject(named, components, random, {
        labels: isLocal ? { 'networking.kserve.io/visibility': 'cluster-local' } : {},
        status: { ...status, deploymentMode: 'Standard' },
      }),
    ],
    routes: isLocal
      ? []
      : [route(top, rules), ...components.map((each) => route([host(`${name}-${each}`)]))],
    goods: isLocal
      ? []
      : [
          ...hosts.map((each) => goodOf('host of a status', ingress, each, backend)),
          ...additional.map((each) => goodOf('additional domain', ingress, each, backend)),
        ],
    hosts: isLocal ? [] : [...top, ...hosts],
    names: [],
  }
}
