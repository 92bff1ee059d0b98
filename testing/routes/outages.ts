import type { Good, Match, World } from './model.ts'

/** A valid request by its kind, and by its relation to objects of others. */
export function kindOfGood(world: World, good: Good): string {
  const { contested, routes, gateways } = world
  const { kind, host, name = '', path } = good
  const isKnown = gateways.some(({ id, isKnown }) => isKnown && id === good.gateway)
  if (!isKnown && routes.some((route) => takesAnyHost(route, good)))
    return `${kind} (route of any host, unknown gateway)`
  if (contested.has(host)) return `${kind} (host of more than one)`
  if (contested.has(name) && !kind.endsWith('in a group')) return `${kind} (name of more than one)`
  const isHostile = routes
    .filter(({ traits }) => traits.includes('hostile path') || traits.includes('hostile host'))
    .filter(({ hostnames }) => hostnames.length === 0 || hostnames.includes(host))
    .some(({ matches }) => matches.some((match) => concerns(match, path)))
  return isHostile ? `${kind} (path of more than one)` : kind
}

/** Whether a route of another may affect a path: it is below it, above it, or matches. */
const concerns = ({ path: { type, value } }: Match, path: string) =>
  type === 'RegularExpression'
    ? new RegExp(`^(?:${value})$`).test(path)
    : path.startsWith(value) || value.startsWith(path.split('/').slice(0, 3).join('/'))

const ANYBODYS: ReadonlySet<string> = new Set(['own route', 'own HTTPRoute', 'route by reference'])

/** If the gateway is unknown, a route without hostnames may take the request at another one. */
const takesAnyHost = ({ kind, hostnames, matches }: World['routes'][number], good: Good) =>
  ANYBODYS.has(kind) &&
  hostnames.length === 0 &&
  matches.some(
    (match) =>
      concerns(match, good.path) &&
      (match.headers ?? []).every(({ name, value }) =>
        good.headers.some(([of, has]) => of.toLowerCase() === name.toLowerCase() && has === value),
      ),
  )

/** Requests that are not promised to be allowed. */
const UNPROMISED = /^own route (by a header|of a whole host)|of more than one\)$|unknown gateway\)$/

export const isPromised = ({ kind }: { readonly kind: string }): boolean => !UNPROMISED.test(kind)
