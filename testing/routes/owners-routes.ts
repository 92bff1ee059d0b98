import { httpRoute } from './http-route.ts'
import { ownRules } from './llm-own-route.ts'
import {
  type Backend,
  EXACT,
  type Gateway,
  type Good,
  type Match,
  PREFIX,
  type Route,
  type Trait,
} from './model.ts'
import type { Random } from './random.ts'

type Owners = {
  readonly random: Random
  /** Of the Gateway API. */
  readonly gateways: readonly [Gateway, ...Gateway[]]
  readonly backends: readonly Backend[]
  /** Hosts and paths of others, which an owner may write as well. */
  readonly others: { readonly hosts: readonly string[]; readonly paths: readonly string[] }
}

type Made = {
  readonly routes: readonly Route[]
  readonly object: object
  readonly goods: readonly Good[]
}

/** HTTPRoutes that owners have written for their models, of every shape that the Gateway API has. */
export const ownersRoutes = (parts: Owners): readonly Made[] =>
  parts.random
    .shuffled(parts.backends)
    .slice(0, 4)
    .map((backend, index) => ownersRoute(parts, backend, index))

function ownersRoute(
  { random, gateways, backends, others }: Owners,
  backend: Backend,
  index: number,
): Made {
  const { namespace, name } = backend
  const parents = random.chance(0.25) ? gateways : [random.pick(gateways)]
  const hostile = random.chance(0.2) ? random.pick(others.hosts) : undefined
  const own = random.pick([
    [`${name}.own-${index}.example.org`],
    [`*.own-${index}.example.org`, `${name}.own.example.org`],
    [],
  ])
  const second = random.chance(0.2)
    ? random.pick(backends.filter((each) => each.namespace === namespace))
    : undefined
  const shared = {
    kind: 'own HTTPRoute',
    source: 'HTTPRoute',
    gateways: parents.map(({ id }) => id),
    hostnames: hostile === undefined ? own : [hostile],
    traits: hostile === undefined ? [] : (['hostile host'] satisfies Trait[]),
  } as const
  const whole: Match = random.pick([
    PREFIX('/'),
    PREFIX(`/own/${namespace}/${name}`),
    EXACT('/v1/models/m:predict'),
    { path: { type: 'RegularExpression', value: '^/.*$' } },
  ])
  const first: Route = {
    ...shared,
    matches: [whole],
    backends: second === undefined || second === backend ? [backend] : [backend, second],
  }
  const rest = ownRules({ namespace, name }, random, others.paths).map(
    ({ matches, hostile: isHostile }): Route => ({
      ...shared,
      matches,
      backends: [backend],
      traits: isHostile ? ['hostile path'] : shared.traits,
    }),
  )
  const routes = [first, ...rest] as const
  // A route counts at an unknown gateway only if its status shows that one has accepted it.
  const accepted = random.chance(0.85) || !parents.every(({ isKnown }) => isKnown)
  const [gateway = gateways[0]] = parents
  const [host] = first.hostnames
  const isClaimed =
    accepted &&
    gateway.isKnown &&
    hostile === undefined &&
    host !== undefined &&
    !host.startsWith('*')
  return {
    routes,
    object: httpRoute(`own-${index}-${name}`, routes, { parents, accepted }),
    goods: isClaimed
      ? [
          {
            kind: "host of an owner's HTTPRoute",
            gateway: gateway.id,
            host,
            path:
              whole.path.type === 'RegularExpression' ? '/v1/models/m:predict' : whole.path.value,
            method: 'POST',
            headers: [],
            backends: first.backends,
          },
        ]
      : [],
  }
}
