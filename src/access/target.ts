import { type Deny, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import { isCanonicalPath, leadingPaths, leadsPlainly, MAX_CLAIM_SEGMENTS, pathOf } from './path.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest, Position } from './request.ts'
import { idOf, type Service } from './service.ts'
import type { Workload } from './workload.ts'

/** One service that a request may reach. */
export type Target = {
  readonly service: Service
  readonly position: Position
  /** The pod that is asked; `undefined` at a gateway. */
  readonly workload: Workload | undefined
  /** What a gateway cuts from the path on its way to the model; `''` mostly. */
  readonly pathPrefix: string
}

/** At least one: each of them must allow. */
export type Targets = readonly [Target, ...Target[]]

/** Names the model that a request's `publishers/<namespace>/models/<model>` asks for. */
export const MODEL_HEADER = 'x-gateway-model-name'

/** Finds what is being called: by the pod's address at a workload, by host and path at a gateway. */
export function findTargets(request: AccessRequest, directory: Directory): Targets | Deny {
  if (request.position === 'gateway') return atGateway(request, directory)
  const { address } = request.destination
  const workloads = address === undefined ? [] : directory.workloadsAt(address)
  if (workloads.length > 0) return atWorkload(request, directory, workloads)
  return request.position === 'auto' ? atGateway(request, directory) : deny('unknown-target')
}

function atWorkload(
  request: AccessRequest,
  directory: Directory,
  workloads: readonly Workload[],
): Targets | Deny {
  const targets: Target[] = []
  for (const workload of workloads) {
    const { principal } = request.destination
    if (principal !== undefined && !isIdentityOf(principal, workload)) {
      return deny('conflicting-target')
    }
    const services = directory.servicesNamed(workload.service)
    if (services.length === 0) return deny('unknown-target')
    for (const service of services) {
      targets.push({ service, position: 'workload', workload, pathPrefix: '' })
    }
  }
  return belongsElsewhere(request.host, targets, directory)
    ? deny('conflicting-target')
    : inOrder(targets)
}

const isIdentityOf = (principal: string, workload: Workload): boolean => {
  const identity = readPrincipal(principal)
  return (
    identity?.namespace === workload.namespace &&
    identity.serviceAccount === workload.serviceAccount
  )
}

/** Whether other services claim this whole host and the pod's own does not. */
function belongsElsewhere(host: string, targets: readonly Target[], directory: Directory): boolean {
  const claimants = directory.claimantsOf({ host, pathPrefix: '' })
  if (claimants.length === 0) return false
  return targets.some(
    ({ service }) => !claimants.includes(service) && !claimants.some(isSameAs(service)),
  )
}

const isSameAs = (service: Service) => (other: Service) => idOf(other) === idOf(service)

function atGateway(request: AccessRequest, directory: Directory): Targets | Deny {
  const { host } = request
  const path = pathOf(request.path)
  const onHost = directory.claimantsOf({ host, pathPrefix: '' })
  const divided = directory.divides(host)
  const models = directory.divides(undefined)
  const targets = onHost.map((service) => atPrefix(service, ''))
  if (divided || models) {
    const canonical = isCanonicalPath(path)
    if (!canonical && (divided || !leadsPlainly(path))) return deny('unsupported-request')
    const byPath = claimedByPath(host, path, directory)
    if (!canonical && byPath.length > 0) return deny('unsupported-request')
    targets.push(...byPath)
  }
  const byHeader = claimedByHeader(request, targets, directory)
  return Array.isArray(byHeader) ? inOrder(onceEach([...targets, ...byHeader])) : byHeader
}

const atPrefix = (service: Service, pathPrefix: string): Target => ({
  service,
  position: 'gateway',
  workload: undefined,
  pathPrefix,
})

function claimedByPath(host: string, path: string, directory: Directory): readonly Target[] {
  return leadingPaths(path, MAX_CLAIM_SEGMENTS).flatMap((pathPrefix) =>
    pathPrefix === ''
      ? []
      : [
          ...directory.claimantsOf({ host, pathPrefix }),
          ...directory.claimantsOf({ host: undefined, pathPrefix }),
        ].map((service) => atPrefix(service, pathPrefix)),
  )
}

/** The header chooses a model only where the path names none; where both do, they must agree. */
function claimedByHeader(
  { headers }: AccessRequest,
  targets: readonly Target[],
  directory: Directory,
): Target[] | Deny {
  const name = headers.get(MODEL_HEADER)
  if (name === undefined || name === '') return []
  const claimants = directory.claimantsOf({ host: undefined, pathPrefix: `/${name}` })
  const named = targets.filter(
    ({ service, pathPrefix }) => service.kind === 'LLMInferenceService' && pathPrefix !== '',
  )
  if (named.length === 0) return claimants.map((service) => atPrefix(service, ''))
  const agreed = named.every(({ service }) => claimants.includes(service))
  return agreed ? [] : deny('conflicting-target')
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

/** In order of kind, namespace and name. */
function inOrder(targets: readonly Target[]): Targets | Deny {
  const [only] = targets
  if (only === undefined) return deny('unknown-target')
  if (targets.length === 1) return [only]
  const [first = only, ...others] = targets.toSorted((one, other) =>
    compare(sortKey(one), sortKey(other)),
  )
  return [first, ...others]
}

// A space sorts before whatever a name can hold.
const sortKey = ({ service }: Target): string =>
  `${service.kind} ${service.namespace} ${service.name}`

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
