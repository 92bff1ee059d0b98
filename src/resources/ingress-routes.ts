// The routes that KServe's ingress configuration gives an InferenceService.

import type { Route } from '../access/service.ts'
import { canonicalHost } from '../common/host.ts'
import { isKnative } from './deployment-mode.ts'
import type { Ingress } from './ingress.ts'
import { type KubernetesObject, textAt } from './object.ts'
import type { ReadSettings } from './read-settings.ts'
import { canonicalRoute, hostRoute, parseUrl } from './routes.ts'
import type { Template } from './template.ts'

/**
 * The routes that KServe's configuration gives an InferenceService and that its status does not show: hosts
 * of the domain template, Knative's default hosts, hosts in additional domains, and a path on the shared
 * host. Invalid hosts are left out, since KServe makes no route for them.
 */
export function ingressRoutes(
  object: KubernetesObject,
  components: readonly string[],
  ingress: Ingress,
  settings: Pick<ReadSettings, 'defaultDeploymentMode'>,
): readonly Route[] {
  const { domain, additionalDomains } = ingress
  const outer = outerHost(object)
  const hosts = [
    ...(outer === undefined ? [] : [outer]),
    ...components.flatMap((component) =>
      filled(ingress.domainTemplate, object, `${object.name}-${component}`, domain),
    ),
    ...[domain, ...additionalDomains].flatMap((each) => hostsIn(object, ingress, outer, each)),
  ]
  return [
    ...hosts
      .flatMap((host) => canonicalHost(host) ?? [])
      .map((host) => hostRoute(host, ingress.namesByOwner ? 'published' : 'installation')),
    ...pathRoutes(object, ingress, settings),
  ]
}

/**
 * The hosts that certainly have routes of KServe or Knative: those in the status, and those of the same
 * route. In Standard mode the status also shows hosts without a route, as an InferenceGraph's always does.
 */
export function routedHosts(
  object: KubernetesObject,
  shown: readonly string[],
  settings: Pick<ReadSettings, 'defaultDeploymentMode' | 'ingress'>,
): ReadonlySet<string | undefined> {
  const { ingress } = settings
  if (isKnative(object, settings)) return new Set(shown)
  if (ingress === undefined || object.kind !== 'InferenceService') return new Set()
  if (object.labels.get('networking.kserve.io/visibility') === 'cluster-local') return new Set()
  const { domain, additionalDomains, domainTemplate, pathTemplate } = ingress
  const { name, namespace } = object
  const named = (of: string) =>
    filled(domainTemplate, object, of, domain).flatMap((host) => canonicalHost(host) ?? [])
  const shared = pathTemplate === undefined ? [] : [domain]
  const whole = [...named(name), ...shared]
  return new Set([
    ...(whole.some((host) => shown.includes(host))
      ? [...whole, ...additionalDomains.map((each) => `${name}-${namespace}.${each}`)]
      : []),
    ...['predictor', 'transformer', 'explainer']
      .flatMap((component) => named(`${name}-${component}`))
      .filter((host) => shown.includes(host)),
  ])
}

/** The hosts of the whole service in one domain. */
function hostsIn(
  object: KubernetesObject,
  ingress: Ingress,
  outer: string | undefined,
  domain: string,
): readonly string[] {
  const { name, namespace } = object
  const within = `.${ingress.domain}`
  return [
    ...filled(ingress.domainTemplate, object, name, domain),
    `${name}.${namespace}.${domain}`,
    // KServe uses this form in additional domains, whatever the template.
    ...(domain === ingress.domain ? [] : [`${name}-${namespace}.${domain}`]),
    ...(outer?.endsWith(within) ? [`${outer.slice(0, -within.length)}.${domain}`] : []),
  ]
}

const filled = (
  template: Template | undefined,
  { namespace, labels, annotations }: KubernetesObject,
  name: string,
  domain: string,
): readonly string[] => {
  const text = template?.({ name, namespace, labels, annotations, domain })
  return text === undefined ? [] : [text]
}

/** With Knative the service answers at its component's host without the component suffix, published or not. */
function outerHost({ name, content }: KubernetesObject): string | undefined {
  for (const component of ['transformer', 'predictor']) {
    const url = parseUrl(textAt(content, 'status', 'components', component, 'url'))
    const host = url === null ? undefined : canonicalHost(url.hostname)
    const own = `${name}-${component}`
    if (host?.startsWith(own)) return name + host.slice(own.length)
  }
  return undefined
}

function pathRoutes(
  object: KubernetesObject,
  ingress: Ingress,
  settings: Pick<ReadSettings, 'defaultDeploymentMode'>,
): readonly Route[] {
  const { domain, pathTemplate, gatewayApi } = ingress
  if (pathTemplate === undefined) return []
  // An HTTPRoute of KServe sends any request for this host to one of the services.
  if (gatewayApi && !isKnative(object, settings)) return [hostRoute(domain, 'installation')]
  const [path] = filled(pathTemplate, object, object.name, domain)
  const route = path === undefined ? undefined : canonicalRoute(domain, path, 'installation')
  return route === undefined ? [] : [route]
}
