import { type Asking, type Attached, isReachable } from './asking.ts'
import type { Directory } from './directory.ts'
import type { Found } from './found.ts'
import { answersAt, type Gateways } from './gateways.ts'
import { atPrefix, isOwner, routedOf } from './host-targets.ts'
import { type Preferred, reachable } from './own-routes.ts'
import {
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  MAX_CLAIM_SEGMENTS,
  plainLead,
} from './path.ts'
import type { AccessRequest } from './request.ts'
import { claimsAt, servicesByHeaders } from './routed-claims.ts'
import { type Claim, PASSES, type Service } from './service.ts'

/** What a request may reach by its path. */
export type ByPath = {
  readonly found: readonly Found[]
  /** By routes of their own on any host, where it is not known that they answer. */
  readonly own: readonly Own[]
  /** The routes that have the very host of the request. */
  readonly owners: readonly Attached[]
  readonly paths: Preferred['paths']
}

export type Own = { readonly service: Service; readonly claims: readonly [Claim, ...Claim[]] }

type Place = {
  readonly directory: Directory
  readonly gateways: Gateways
  readonly asking: Asking
  readonly onHost: readonly Found[]
}

/** `undefined`: the path decides, and it is not canonical. */
export function findByPath(request: AccessRequest, path: string, place: Place): ByPath | undefined {
  const canonical = isCanonicalPath(path)
  if (!canonical && mayLeadElsewhere(request.host, path, place)) return undefined
  const prefixes = leadingPaths(path, MAX_CLAIM_SEGMENTS)
  const onHost = prefixes.flatMap((prefix) =>
    prefix === '' ? [] : findAt(request, request.host, prefix, place),
  )
  const owners = [
    ...[...place.onHost, ...onHost].flatMap(({ owner }) => owner ?? []),
    ...place.directory.servicesWithHostname(request.host),
  ]
  const named = prefixes.flatMap((prefix) =>
    prefix === '' ? [] : findAt(request, undefined, prefix, place),
  )
  const own = prefixes.flatMap((prefix) => ownAt(request, prefix, owners, place))
  const answering = ({ service, claims }: Own) =>
    claims.some(({ basis }) => PASSES[basis]) && answersAt(request.host, service, place.gateways)
  const found = [
    ...onHost,
    ...named,
    ...own.filter(answering).map(({ service, claims }) => ({
      target: atPrefix(service, claims[0].pathPrefix),
      passes: true,
      certain: claims.some(isCertain),
    })),
  ]
  const divided = found.length > 0 || own.some(({ claims: [claim] }) => claim.pathPrefix !== '')
  if (!canonical && divided) return undefined
  return {
    found,
    own: own.filter((each) => !answering(each)),
    owners,
    paths: found.flatMap(({ target: { service, pathPrefix }, passes, certain = false }) =>
      passes && certain ? { attached: service.attached, pathPrefix } : [],
    ),
  }
}

/** Whether a path that is not canonical may be one that somebody claims. */
function mayLeadElsewhere(
  host: string,
  path: string,
  { directory, asking, onHost }: Place,
): boolean {
  if (directory.divides(host)) return true
  if (!directory.divides(undefined)) return false
  const lead = plainLead(path)
  if (!leadsPlainly(path) || directory.claimedBelow(lead)) return true
  const owners = onHost.flatMap(({ owner }) => owner ?? [])
  return reachable(directory.ownersBelow(lead), owners, asking).length > 0
}

/** By claims of a path on one host, and by those that KServe gives a service on any host. */
function findAt(
  request: AccessRequest,
  host: string | undefined,
  pathPrefix: string,
  { directory, gateways, asking }: Place,
): readonly Found[] {
  const address = { host, pathPrefix }
  return directory.claimantsOf(address).flatMap((service): Found | [] => {
    const claims = claimsAt(service, address, request).filter(
      (claim) => claim.own !== true && isReachable(routedOf(service, claim), asking),
    )
    if (claims.length === 0) return []
    const passes =
      claims.some(({ basis }) => PASSES[basis]) &&
      (host !== undefined || answersAt(request.host, service, gateways))
    const owner = host === undefined ? undefined : claims.find(isOwner)
    return { target: atPrefix(service, pathPrefix), passes, owner, certain: claims.some(isCertain) }
  })
}

/** Whether a route takes each request with its path. */
const isCertain = ({ basis, headers, by }: Claim): boolean =>
  PASSES[basis] && headers === undefined && by === undefined

const ownAt = (
  request: AccessRequest,
  pathPrefix: string,
  owners: readonly Attached[],
  { directory, asking }: Pick<Place, 'directory' | 'asking'>,
): readonly Own[] =>
  ownIn(directory.claimantsOf({ host: undefined, pathPrefix }), pathPrefix, request, owners, asking)

function ownIn(
  services: readonly Service[],
  pathPrefix: string,
  request: AccessRequest,
  owners: readonly Attached[],
  asking: Asking,
): readonly Own[] {
  const address = { host: undefined, pathPrefix }
  return reachable(services, owners, asking).flatMap((service): Own | [] => {
    const [first, ...others] = claimsAt(service, address, request).filter(
      // What no object tells is believed of the gateways alone that its status names.
      ({ own, by }) => own === true && (by !== 'unread' || asking.gateways !== undefined),
    )
    return first === undefined ? [] : { service, claims: [first, ...others] }
  })
}

/** By routes of their own that headers alone choose. `undefined`: a header of theirs has too many values. */
export const ownByHeaders = (
  request: AccessRequest,
  directory: Directory,
  owners: readonly Attached[],
  asking: Asking,
): readonly Own[] | undefined =>
  servicesByHeaders(request, directory)?.flatMap((services) =>
    ownIn(services, '', request, owners, asking),
  )
