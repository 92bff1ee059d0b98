// Finds the services that a gateway may route a request to.

import { isProtocolPath, pathOf } from '../common/path.ts'
import type { Note } from './answer.ts'
import type { Asking } from './asking.ts'
import { type Deny, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import { answersAt, type Gateways, namesOtherHost } from './gateways.ts'
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
import { idOf, type Service } from './service.ts'
import type { Targets } from './target.ts'
import { findByRoutes, ownersOfHost } from './unbound-routes.ts'

/** The services that this gateway may route the request to, by host, path and headers. */
export function findAtGateway(
  request: AccessRequest,
  directory: Directory,
  gateways: Gateways,
  { asking, isFresh }: { readonly asking: Asking; readonly isFresh: boolean },
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
  const written = ownersOfHost(host, { directory, isFresh })
  const byPath = findByPath(request, path, { directory, gateways, asking, onHost, written })
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
  const byRoutes = findByRoutes(request, { directory, asking, isFresh }, note)
  if (byRoutes === undefined) {
    return refuse('conflicting-target', 'a header that selects the route has too many values')
  }
  if (byRoutes.nowhere !== undefined) return refuse('unknown-target', byRoutes.nowhere)
  const kept = isFresh ? withoutReferring(found, byRoutes.found, directory, asking) : found
  const all = withRoutes(kept, byRoutes.found)
  const targets = targetsOf(all)
  if (targets !== undefined && all.some(({ passes }) => passes)) return targets
  return refuse('unknown-target', whyNobody(host, targets))
}

/**
 * Without the services that name routes of the Gateway API which were read and do not lead to them. Their status
 * shows hosts and paths of these routes without the other conditions.
 */
function withoutReferring(
  found: readonly FoundTarget[],
  byRoutes: readonly FoundTarget[],
  { routes }: Pick<Directory, 'routes'>,
  { gateways }: Asking,
): readonly FoundTarget[] {
  const isRead = ({ namespace, httpRoutes: names = [] }: Service) =>
    names.length > 0 &&
    names.every((name) => routes.versionsOf({ kind: 'HTTPRoute', namespace, name }).length > 0)
  const reached = (service: Service) => byRoutes.some(({ target }) => target.service === service)
  const isLeft = ({ target: { service } }: FoundTarget) => isRead(service) && !reached(service)
  return gateways !== undefined && found.some(isLeft)
    ? found.filter((each) => !isLeft(each))
    : found
}

/** Those by routes that were read are added where they say something new. */
function withRoutes(found: readonly FoundTarget[], byRoutes: readonly FoundTarget[]) {
  const known = new Set(found.map(({ target }) => target.service))
  const isAllowed = found.some(({ passes }) => passes)
  const added = byRoutes.filter(
    ({ target: { service, rewritten = false }, passes }) =>
      rewritten || !known.has(service) || (passes && !isAllowed),
  )
  return added.length === 0 ? found : [...found, ...added]
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
