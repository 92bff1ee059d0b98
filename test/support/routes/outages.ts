import type { Good, Match, World } from './model.ts'

/** A good request by its kind, and by what another's objects have to do with it. */
export function kindOfGood(world: World, good: Good): string {
  const { contested, routes } = world
  const { kind, host, name = '', path } = good
  if (contested.has(host)) return `${kind} (host of more than one)`
  if (contested.has(name) && !kind.endsWith('in a group')) return `${kind} (name of more than one)`
  const isHostile = routes
    .filter(({ traits }) => traits.includes('hostile path') || traits.includes('hostile host'))
    .filter(({ hostnames }) => hostnames.length === 0 || hostnames.includes(host))
    .some(({ matches }) => matches.some((match) => concerns(match, path)))
  return isHostile ? `${kind} (path of more than one)` : kind
}

/** Whether a route of another may have to do with a path: it lies below it, above it, or matches. */
const concerns = ({ path: { type, value } }: Match, path: string) =>
  type === 'RegularExpression'
    ? new RegExp(`^(?:${value})$`).test(path)
    : path.startsWith(value) || value.startsWith(path.split('/').slice(0, 3).join('/'))

/** Of which nobody says that they must come through. */
const UNPROMISED = /^own route (by a header|of a whole host)|of more than one\)$/

export const isPromised = ({ kind }: { readonly kind: string }): boolean => !UNPROMISED.test(kind)
