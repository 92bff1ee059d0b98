import { type Asking, isReachable, type Routed } from './asking.ts'
import type { Directory } from './directory.ts'
import type { Found } from './found.ts'
import { isProtocolPath } from './path.ts'
import type { AccessRequest } from './request.ts'
import { claimsAt } from './routed-claims.ts'
import { type Claim, PASSES, type Service } from './service.ts'
import { inOrder, type Target, type Targets } from './target.ts'

/** By the list of claimants, which is another one after each change: what does not depend on the request. */
const known = new WeakMap<readonly Service[], WeakMap<Asking, readonly Found[]>>()
const ordered = new WeakMap<readonly Found[], Targets>()

/** The services that have the whole host of a request at the gateway that asks. */
export function findOnHost(
  request: AccessRequest,
  path: string,
  directory: Directory,
  asking: Asking,
): readonly Found[] {
  const address = { host: request.host, pathPrefix: '' }
  const services = directory.claimantsOf(address)
  const kept = known.get(services) ?? new WeakMap<Asking, readonly Found[]>()
  const before = kept.get(asking)
  if (before !== undefined) return before
  const protocol = isProtocolPath(path)
  const found = services.flatMap((service): Found | [] => {
    const claims = claimsAt(service, address, request).filter((claim) =>
      isReachable(routedOf(service, claim), asking),
    )
    if (claims.length === 0) return []
    const passes = claims.some(
      ({ basis, headers }) => PASSES[basis] && (protocol || headers === undefined),
    )
    const isRest = claims.every(({ basis, headers }) => !PASSES[basis] && headers === undefined)
    const rest = isRest ? claims[0] : undefined
    return { target: atPrefix(service, ''), passes, owner: claims.find(isOwner), rest }
  })
  const isConditional = ({ claims }: Service) =>
    claims.some(
      ({ host, headers, ending }) =>
        host === request.host && (headers !== undefined || ending !== undefined),
    )
  if (services.length > 0 && !services.some(isConditional)) {
    kept.set(asking, found)
    known.set(services, kept)
  }
  return found
}

/** Whether the gateways of a claim have a route of its very host: then no route of any host takes it there. */
export const isOwner = ({ attached = [], basis }: Claim): boolean =>
  attached.length > 0 && PASSES[basis]

export const routedOf = (service: Service, claim: Claim): Routed =>
  claim.gateways === undefined ? service : claim

export const atPrefix = (service: Service, pathPrefix: string): Target => ({
  service,
  position: 'gateway',
  workload: undefined,
  pathPrefix,
})

/** The targets, each service once, in their order; the same list for the same findings. */
export function targetsOf(found: readonly Found[]): Targets | undefined {
  const before = ordered.get(found)
  if (before !== undefined) return before
  const targets = inOrder(onceEach(found.map(({ target }) => target)))
  if (targets !== undefined) ordered.set(found, targets)
  return targets
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
