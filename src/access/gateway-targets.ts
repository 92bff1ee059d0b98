// Finds the services that a gateway may route a request to.

import { isProtocolPath, pathOf } from '../common/path.ts'
import type { Note } from './answer.ts'
import type { Asking } from './asking.ts'
import { type Deny, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import { answersAt, type Gateways } from './gateways.ts'
import { atPrefix, findOnHost, targetsOf } from './host-targets.ts'
import {
  certainByModel,
  isPublished,
  modelsNamed,
  PUBLISHERS,
  routedByModel,
} from './model-header.ts'
import { isPreceded } from './own-routes.ts'
import { findByPath, type Own, ownByHeaders } from './path-targets.ts'
import type { AccessRequest } from './request.ts'
import { idOf } from './service.ts'
import type { Targets } from './target.ts'

/** The services that this gateway may route the request to, by host, path and headers. */
export function findAtGateway(
  request: AccessRequest,
  directory: Directory,
  gateways: Gateways,
  asking: Asking,
  note: Note | undefined,
): Targets | Deny {
  const { host } = request
  const refuse = (reason: DenyReason, why: string): Deny => {
    note?.(why)
    return deny(reason)
  }
  if (namesOtherHost(request, gateways)) {
    return refuse('unsupported-request', `the gateway may read the host as one other than ${host}`)
  }
  const models = modelsNamed(request, directory)
  if (models === undefined) return refuse('conflicting-target', 'a model header has several values')
  const path = pathOf(request.path)
  const onHost = findOnHost(request, path, directory, asking)
  const byPath = findByPath(request, path, { directory, gateways, asking, onHost })
  if (byPath === undefined) {
    return refuse(
      'unsupported-request',
      'the path selects the service, and the path is not canonical',
    )
  }
  if (path.startsWith(PUBLISHERS) && !byPath.found.some(isPublished)) {
    return refuse('unknown-target', 'no LLMInferenceService has this model under /publishers/')
  }
  const byModel = routedByModel(models, byPath.found, directory, asking)
  if (!Array.isArray(byModel)) return refuse(byModel.reason, byModel.why)
  // A header selects the route only if no path does. On a path of a single service it cannot allow.
  const protocol = isProtocolPath(path)
  const named = byModel.map((service) => ({
    target: atPrefix(service, ''),
    passes: protocol && service.modelsRouted !== false && answersAt(host, service, gateways),
  }))
  const byHeader = ownByHeaders(request, directory, byPath.owners, asking)
  if (byHeader === undefined) {
    return refuse('conflicting-target', 'a header that selects the route has too many values')
  }
  const preferred = {
    paths: byPath.paths,
    models: named.flatMap(({ target: { service }, passes }) =>
      passes ? (certainByModel(service, request, directory) ?? []) : [],
    ),
  }
  const preceded = ({ service, routes }: Own) =>
    routes.every((route) => isPreceded(service, route, preferred, asking))
  const own = [...byPath.own, ...byHeader].filter((each) => !preceded(each))
  const others = withoutPreceded(onHost, preceded)
  const found =
    byPath.found.length + named.length + own.length === 0
      ? others
      : [
          ...others,
          ...byPath.found,
          ...named,
          // On an unknown host they can only deny.
          ...own.map(({ service, routes: [route] }) => ({
            target: atPrefix(service, route.pathPrefix),
            passes: false,
          })),
        ]
  const targets = targetsOf(found)
  if (targets !== undefined && found.some(({ passes }) => passes)) return targets
  return refuse('unknown-target', whyNobody(host, targets))
}

/** A catch-all route of a host is dropped if another route of that host is more specific. */
function withoutPreceded(onHost: readonly FoundTarget[], preceded: (own: Own) => boolean) {
  const isRest = ({ target: { service }, rest }: FoundTarget) =>
    rest !== undefined && preceded({ service, routes: [rest] })
  return onHost.some(isRest) ? onHost.filter((each) => !isRest(each)) : onHost
}

const whyNobody = (host: string, targets: Targets | undefined): string =>
  targets === undefined
    ? `no service has ${host}, or this path on it`
    : `${idOf(targets[0].service)} is not known to answer at ${host}: see gateways.hosts and gateways.llmHosts`

/**
 * Whether the proxy may read the authority as a host other than `host`. Envoy compares virtual hosts
 * case-insensitively, and without the port if `ignore_port_in_host_matching` is set, as Istio and Envoy
 * Gateway do. It keeps a trailing dot unless `strip_trailing_host_dot` is set; neither sets it.
 */
export const namesOtherHost = (
  { absoluteHost = false, hostPort }: AccessRequest,
  { hostPort: port }: Gateways,
): boolean => absoluteHost || (port === 'compared' && hostPort !== undefined)
