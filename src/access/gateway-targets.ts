import type { Note } from './answer.ts'
import { type Deny, type DenyReason, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { Gateways } from './gateways.ts'
import { atPrefix, findOnHost, targetsOf } from './host-targets.ts'
import {
  claimedByModel,
  type Found,
  isNamed,
  isPublished,
  modelsNamed,
  PUBLISHERS,
} from './model-header.ts'
import {
  isCanonicalPath,
  isProtocolPath,
  leadingPaths,
  leadsPlainly,
  MAX_CLAIM_SEGMENTS,
  pathOf,
  plainLead,
} from './path.ts'
import type { AccessRequest } from './request.ts'
import { claimsAt, servicesByHeaders } from './routed-claims.ts'
import { idOf, PASSES, type Service } from './service.ts'
import type { Targets } from './target.ts'

/** The services that a gateway may reach by host, path and model header. */
export function findAtGateway(
  request: AccessRequest,
  directory: Directory,
  gateways: Gateways,
  note: Note | undefined,
): Targets | Deny {
  const { host } = request
  const refuse = (reason: DenyReason, why: string): Deny => {
    note?.(why)
    return deny(reason)
  }
  if (namesOtherHost(request, gateways)) {
    return refuse('unsupported-request', `the gateway may take the host for another than ${host}`)
  }
  const models = modelsNamed(request, directory)
  if (models === undefined) return refuse('conflicting-target', 'a model header has several values')
  const path = pathOf(request.path)
  const onHost = findOnHost(request, path, directory)
  const byPath = claimedByPath(request, path, directory, gateways)
  if (byPath === undefined) {
    return refuse('unsupported-request', 'the path chooses the service, and it is not canonical')
  }
  if (path.startsWith(PUBLISHERS) && !byPath.some(isPublished)) {
    return refuse('unknown-target', 'no LLMInferenceService has this model under /publishers/')
  }
  const byHeader = servicesByHeaders(request, directory)
  if (byHeader === undefined) {
    return refuse('conflicting-target', 'a header that chooses the route has too many values')
  }
  const byModel = claimedByModel(models, byPath, directory)
  if (!Array.isArray(byModel)) return refuse(byModel.reason, byModel.why)
  // A header routes what no path does: on a path that is somebody's own it is no ground to let pass.
  const protocol = isProtocolPath(path)
  const specific = [
    ...byPath,
    ...byModel.map((service) => ({
      target: atPrefix(service, ''),
      passes: protocol && service.modelsRouted !== false && answersAt(host, service, gateways),
    })),
  ]
  const routed = specific.some(({ passes }) => passes)
  // What takes the rest of a host is not reached where a route of that host is more specific.
  const others = routed ? onHost.filter(({ rest }) => rest !== true) : onHost
  const found =
    specific.length + byHeader.length === 0
      ? others
      : [
          ...others,
          ...specific,
          // On whichever host that is, they can refuse only.
          ...byHeader.map((service) => ({ target: atPrefix(service, ''), passes: false })),
        ]
  const targets = targetsOf(found)
  if (targets !== undefined && found.some(({ passes }) => passes)) return targets
  return refuse('unknown-target', whyNobody(host, targets))
}

const whyNobody = (host: string, targets: Targets | undefined): string =>
  targets === undefined
    ? `no service has ${host}, or this path on it`
    : `${idOf(targets[0].service)} is not known to answer at ${host}: see gateways.hosts and gateways.llmHosts`

/**
 * Whether the proxy may take the authority for another host than `host`. Envoy compares virtual hosts
 * without case, and without port where `ignore_port_in_host_matching` is set, as Istio and Envoy Gateway
 * do; a trailing dot it keeps unless `strip_trailing_host_dot` is set, which neither does.
 */
const namesOtherHost = (
  { absoluteHost = false, hostPort }: AccessRequest,
  { hostPort: port }: Gateways,
): boolean => absoluteHost || (port === 'compared' && hostPort !== undefined)

/**
 * Whether gateways are known to route this host to an LLMInferenceService. It is claimed by path or header
 * on whichever host a client writes; on a host that is not its own it may refuse, and never lets pass.
 */
function answersAt(host: string, service: Service, gateways: Gateways): boolean {
  const { hosts = [], protection, shadow = false } = service
  if (hosts.includes(host) || gateways.isLlmHost(host)) return true
  const unpublished = gateways.unpublishedLlms && hosts.length === 0
  return unpublished && protection === 'protected' && !shadow
}

/** `undefined`: the path decides, and it is not canonical. */
function claimedByPath(
  request: AccessRequest,
  path: string,
  directory: Directory,
  gateways: Gateways,
): readonly Found[] | undefined {
  const { host } = request
  const divided = directory.divides(host)
  if (!divided && !directory.divides(undefined)) return []
  const canonical = isCanonicalPath(path)
  if (!canonical && (divided || !leadsPlainly(path) || directory.claimedBelow(plainLead(path)))) {
    return undefined
  }
  const found: Found[] = []
  let longest = 0
  for (const pathPrefix of leadingPaths(path, MAX_CLAIM_SEGMENTS)) {
    if (pathPrefix === '') continue
    for (const each of [host, undefined]) {
      const address = { host: each, pathPrefix }
      for (const service of directory.claimantsOf(address)) {
        const claims = claimsAt(service, address, request)
        if (claims.length === 0) continue
        const passes =
          claims.some(({ basis }) => PASSES[basis]) &&
          (each !== undefined || answersAt(host, service, gateways))
        const one = { target: atPrefix(service, pathPrefix), passes }
        found.push(one)
        if (passes && (each !== undefined || isNamed(one))) longest = pathPrefix.length
      }
    }
  }
  if (!canonical && found.length > 0) return undefined
  // A route of somebody's own on any host is no judge of a longer path that another has on this one.
  return found.filter(
    (each) => each.passes || isNamed(each) || each.target.pathPrefix.length >= longest,
  )
}
