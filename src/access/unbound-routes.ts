// Finds the services to which the routes of the Gateway API lead at a gateway that names no route.

import { pathOf } from '../common/path.ts'
import type { Note } from './answer.ts'
import { type Asking, type Attached, isBeside, isElsewhere, isReachable } from './asking.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import { idOfRoute } from './gateway-route.ts'
import {
  type Asked,
  type Chosen,
  isCertain,
  mayTake,
  precedes,
  takesHost,
} from './gateway-route-match.ts'
import type { AccessRequest } from './request.ts'
import type { IndexedRoute } from './route-index.ts'
import { leadsOf, whyNobody } from './route-targets.ts'

export type ByRoutes = {
  readonly found: readonly FoundTarget[]
  /** Why the request may reach something that is no known service's; absent: it does not. */
  readonly nowhere?: string
}

type Place = {
  readonly directory: Pick<Directory, 'routes' | 'servicesNamed' | 'ownersOf' | 'servicesIn'>
  readonly asking: Asking
  /** Whether the routes are as they are now. */
  readonly isFresh: boolean
}

/** A match that a gateway may have chosen. */
type Possible = Chosen & {
  readonly of: IndexedRoute
  readonly at: number
  readonly isSure: boolean
}

/**
 * The services that the asking gateway may reach by the routes that were read, unless another of them
 * certainly takes the request. `undefined`: a header has too many values.
 */
export function findByRoutes(
  request: AccessRequest,
  place: Place,
  note: Note | undefined,
): ByRoutes | undefined {
  const { routes } = place.directory
  const asked: Asked = { ...request, path: pathOf(request.path) }
  const candidates = routes.index.candidates(asked)
  if (candidates === undefined) return undefined
  if (candidates.size === 0) return NOTHING
  const now = routes.now()
  const possible = [...candidates]
    .filter(({ until = Number.POSITIVE_INFINITY }) => until > now)
    .filter((each) => mayBeUsed(each, place.asking, now))
    .filter(({ route }) => isReachable(route, place.asking) && takesHost(route, asked.host))
    .flatMap((of) => possibleIn(of, asked, place))
  return gathered(withoutPreceded(possible, asked, place), place, note)
}

const NOTHING: ByRoutes = { found: [] }

/**
 * If the gateway is not known, only routes that another gateway may use can refuse. A gateway may use a changed
 * route before its status shows that the gateway has accepted it.
 */
const mayBeUsed = ({ route, from, until }: IndexedRoute, asking: Asking, now: number): boolean =>
  asking.gateways !== undefined ||
  (!isElsewhere(route, asking) && (route.accepted || until !== undefined || from > now))

/** The routes with exactly this host that gateways certainly use. */
export const ownersOfHost = (
  host: string,
  {
    directory: { routes },
    isFresh,
  }: Pick<Place, 'isFresh'> & { directory: Pick<Directory, 'routes'> },
): readonly Attached[] => {
  const now = routes.now()
  return isFresh
    ? routes.index
        .ofHost(host)
        .filter(({ from, until }) => until === undefined && from <= now)
        .map(({ route }) => route)
    : []
}

function possibleIn(of: IndexedRoute, asked: Asked, { isFresh, directory }: Place): Possible[] {
  const isSure = isFresh && of.until === undefined && of.from <= directory.routes.now()
  return of.route.rules
    .flatMap((rule) => rule.matches.map((match) => ({ rule, match })))
    .map((chosen, at) => ({ ...chosen, of, at, isSure }))
    .filter(({ match }) => mayTake(match, asked))
}

/** A route of exactly this host excludes those of wider ones, and a match those that it precedes. */
function withoutPreceded(
  possible: readonly Possible[],
  asked: Asked,
  { asking, ...place }: Place,
): readonly Possible[] {
  const owners = ownersOfHost(asked.host, place)
  const certain = possible.filter(({ match, isSure }) => isSure && isCertain(match, asked))
  return possible.filter(({ of: { route }, match, at }) => {
    const width = widthOf(route.hostnames, asked.host)
    return !(
      (width > 0 && owners.some((owner) => isBeside(owner, route, asking))) ||
      certain.some(
        (other) =>
          widthOf(other.of.route.hostnames, asked.host) <= width &&
          (other.of.route === route || isBeside(other.of.route, route, asking)) &&
          precedes(
            other.match,
            match,
            other.of.route === route && other.at < at,
            asking.pathsFirst,
          ),
      )
    )
  })
}

/** How many hosts the hostname of a route takes: 0 for exactly this host, more the wider it is. */
function widthOf(hostnames: readonly string[], host: string): number {
  if (hostnames.length === 0) return Number.POSITIVE_INFINITY
  if (hostnames.includes(host)) return 0
  const lengths = hostnames
    .filter((hostname) => hostname.startsWith('*.') && host.endsWith(hostname.slice(1)))
    .map((hostname) => hostname.length)
  return EXACT_WIDTH - Math.max(0, ...lengths)
}

const EXACT_WIDTH = 1_000

function gathered(
  chosen: readonly Possible[],
  { asking, directory }: Place,
  note: Note | undefined,
): ByRoutes {
  const found: FoundTarget[] = []
  let nowhere: string | undefined
  for (const { of, rule, match, isSure } of chosen) {
    const { targets, unknown } = leadsOf(of.route, rule, match, directory)
    const passes = isSure && of.route.hostnames.length > 0 && isBeside(of.route, {}, asking)
    if (note !== undefined && targets.length > 0)
      note(`${idOfRoute(of.route)} ${passes ? 'takes' : 'may take'} the request`)
    for (const target of targets) found.push({ target, passes })
    const model = unknown.find(
      ({ namespace }) => namespace === undefined || directory.servicesIn(namespace).length > 0,
    )
    // Where the gateway is not known, the route of any application would do.
    if (asking.gateways !== undefined && model !== undefined) nowhere ??= whyNobody(of.route, model)
  }
  return nowhere === undefined ? { found } : { found, nowhere }
}
