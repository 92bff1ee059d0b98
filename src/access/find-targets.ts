// Finds the services that a request may reach, at a workload or at a gateway.

import type { Note } from './answer.ts'
import { type Asking, UNKNOWN_GATEWAY } from './asking.ts'
import { findBound } from './bound-route.ts'
import { type Deny, deny } from './decision.ts'
import type { Directory } from './directory.ts'
import type { IsFresh } from './freshness.ts'
import { findAtGateway } from './gateway-targets.ts'
import type { Gateways } from './gateways.ts'
import { readPrincipal } from './principal.ts'
import type { AccessRequest } from './request.ts'
import { withGroups } from './routing-group.ts'
import { idOf, type Service } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'
import type { Workload } from './workload.ts'

/**
 * Finds the called services: at a workload by the pod's address, at a gateway by the route that it names, or by host
 * and path.
 */
export function findTargets(
  request: AccessRequest,
  directory: Directory,
  gateways: Gateways,
  isFresh: IsFresh,
  note?: Note,
): Targets | Deny {
  switch (request.position) {
    case 'gateway': {
      const bound = findBound(request, directory, gateways, note)
      if (bound !== undefined) return bound
      const asking = askingIn(request, directory, gateways, isFresh)
      if (note !== undefined) tellAsking(request, asking, note)
      const place = { asking, isFresh: isFresh('routes', 'address') }
      return withGroups(findAtGateway(request, directory, gateways, place, note), directory)
    }
    case 'workload':
      return atWorkload(request, directory, note)
  }
}

/** The gateway with the address that the request was sent to. A stale address may belong to another gateway. */
function askingIn(
  { destination: { address } }: AccessRequest,
  directory: Pick<Directory, 'askingAt'>,
  { asking = UNKNOWN_GATEWAY, askingAt }: Gateways,
  isFresh: IsFresh,
): Asking {
  if (address === undefined) return asking
  const declared = askingAt?.(address)
  if (declared !== undefined) return declared
  if (!isFresh('pods', 'address')) return asking
  const found = directory.askingAt(address)
  return found.gateways === undefined && asking.gateways !== undefined ? asking : found
}

function tellAsking({ destination: { address } }: AccessRequest, { gateways }: Asking, note: Note) {
  if (gateways !== undefined) note(`gateway: ${[...gateways].join(' or ')}`)
  else if (address !== undefined)
    note(`gateway: unknown, no gateway pod has the address ${address}`)
}

function atWorkload(
  request: AccessRequest,
  directory: Directory,
  note: Note | undefined,
): Targets | Deny {
  const { address, principal } = request.destination
  const workloads = address === undefined ? [] : directory.workloadsAt(address)
  const targets: Target[] = []
  for (const workload of workloads) {
    if (principal !== undefined && !isIdentityOf(principal, workload)) {
      return deny('conflicting-target')
    }
    const services = directory.servicesNamed(workload.service)
    if (services.length === 0) return deny('unknown-target')
    for (const service of services) {
      targets.push({ service, position: 'workload', workload, pathPrefix: '' })
    }
  }
  return belongsElsewhere(request.host, targets, directory, note)
    ? deny('conflicting-target')
    : (inOrder(targets) ?? deny('unknown-target'))
}

const isIdentityOf = (principal: string, workload: Workload): boolean => {
  const identity = readPrincipal(principal)
  return (
    identity?.namespace === workload.namespace &&
    identity.serviceAccount === workload.serviceAccount
  )
}

/**
 * Whether other services own this whole host and the pod's service does not have it. A host that others only
 * publish proves nothing: a tenant may publish any host.
 */
function belongsElsewhere(
  host: string,
  targets: readonly Target[],
  directory: Directory,
  note: Note | undefined,
): boolean {
  const owners = directory.ownersOf(host)
  if (owners.length > 0) return targets.some(({ service }) => !hasHost(service, host))
  if (note !== undefined && targets.some(({ service }) => !hasHost(service, host))) {
    const [other] = directory.servicesRoutedBy({ host, pathPrefix: '' })
    if (other !== undefined)
      note(`warning: ${idOf(other)} publishes ${host}, this pod's service does not`)
  }
  return false
}

const hasHost = (service: Service, host: string): boolean =>
  service.routes.some((route) => route.host === host && route.pathPrefix === '')
