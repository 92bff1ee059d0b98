import type { Note } from './answer.ts'
import { type Deny, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { Gateways } from './gateways.ts'
import {
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  MAX_CLAIM_SEGMENTS,
  pathOf,
  plainLead,
} from './path.ts'
import type { AccessRequest } from './request.ts'
import type { Service } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'

/** The services that a gateway may reach by host, path and model header. */
export function findAtGateway(
  request: AccessRequest,
  directory: Directory,
  gateways: Gateways,
  note: Note | undefined,
): Targets | Deny {
  const { host } = request
  if (namesOtherHost(request, gateways)) return deny('unsupported-request')
  const models = modelsNamed(request, directory)
  if (models === undefined) return deny('conflicting-target')
  const path = pathOf(request.path)
  const onHost = directory
    .claimantsOf({ host, pathPrefix: '' })
    .map((service) => atPrefix(service, ''))
  const byPath = claimedByPath(host, path, directory)
  if (byPath === undefined) return deny('unsupported-request')
  if (path.startsWith(PUBLISHERS) && !byPath.some(isPublished)) return deny('unknown-target')
  const byModel = claimedByModel(models, [...onHost, ...byPath], directory)
  if (!Array.isArray(byModel)) return byModel
  const targets = onceEach([...onHost, ...byPath, ...byModel])
  if (targets.some((target) => answersAt(host, target, gateways))) {
    return inOrder(targets) ?? deny('unknown-target')
  }
  if (targets.length > 0) note?.(`no service that this may reach is known to answer at ${host}`)
  return deny('unknown-target')
}

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
 * The models that headers ask for. `undefined`: a header has several values, or one with a comma, which
 * looks alike. Envoy matches each line of a header, or all of them joined: which one is not known here.
 */
function modelsNamed(
  { headers }: AccessRequest,
  directory: Directory,
): readonly string[] | undefined {
  const models: string[] = []
  for (const header of directory.modelHeaders.get()) {
    const value = headers.get(header)
    if (value === undefined) continue
    if (value.includes(',')) return undefined
    if (value !== '') models.push(value)
  }
  return models
}

const PUBLISHERS = '/publishers/'

const isPublished = ({ pathPrefix }: Target): boolean => pathPrefix.startsWith(PUBLISHERS)

/**
 * Whether a gateway is known to route this host to the target. An LLMInferenceService is claimed by path
 * or header on whichever host a client writes; on a host that is not its own it may refuse, and never lets
 * pass.
 */
function answersAt(host: string, { service }: Target, gateways: Gateways): boolean {
  const { kind, hosts = [], protection, shadow = false } = service
  if (kind !== 'LLMInferenceService') return true
  if (hosts.includes(host) || gateways.isLlmHost(host)) return true
  const unpublished = gateways.unpublishedLlms && hosts.length === 0
  return unpublished && protection === 'protected' && !shadow
}

const atPrefix = (service: Service, pathPrefix: string): Target => ({
  service,
  position: 'gateway',
  workload: undefined,
  pathPrefix,
})

/** `undefined`: the path decides, and it is not canonical. */
function claimedByPath(
  host: string,
  path: string,
  directory: Directory,
): readonly Target[] | undefined {
  const divided = directory.divides(host)
  if (!divided && !directory.divides(undefined)) return []
  const canonical = isCanonicalPath(path)
  if (!canonical && (divided || !leadsPlainly(path) || directory.claimedBelow(plainLead(path)))) {
    return undefined
  }
  const targets = leadingPaths(path, MAX_CLAIM_SEGMENTS).flatMap((pathPrefix) =>
    pathPrefix === ''
      ? []
      : [
          ...directory.claimantsOf({ host, pathPrefix }),
          ...directory.claimantsOf({ host: undefined, pathPrefix }),
        ].map((service) => atPrefix(service, pathPrefix)),
  )
  return canonical || targets.length === 0 ? targets : undefined
}

/** A header chooses a model only where the path names none; where both do, they must agree. */
function claimedByModel(
  models: readonly string[],
  targets: readonly Target[],
  directory: Directory,
): Target[] | Deny {
  const named = targets.filter(
    ({ service, pathPrefix }) => service.kind === 'LLMInferenceService' && pathPrefix !== '',
  )
  const byModel: Target[] = []
  for (const model of models) {
    const claimants = new Set(directory.servicesOfModel(model))
    if (named.some(({ service }) => !claimants.has(service))) return deny('conflicting-target')
    if (claimants.size === 0) return deny('unknown-target')
    if (named.length === 0) {
      for (const service of claimants) byModel.push(atPrefix(service, ''))
    }
  }
  return byModel
}

/** A service that claims a request more than once is judged once, by its longest claim. */
function onceEach(targets: readonly Target[]): readonly Target[] {
  if (targets.length < 2) return targets
  const byService = new Map<Service, Target>()
  for (const target of targets) {
    const known = byService.get(target.service)
    if (known === undefined || known.pathPrefix.length < target.pathPrefix.length) {
      byService.set(target.service, target)
    }
  }
  return [...byService.values()]
}
