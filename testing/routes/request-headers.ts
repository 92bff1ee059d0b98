import type { Backend, HeaderLine, Match, Route, World } from './model.ts'
import type { Random } from './random.ts'
import { spelledHost } from './spellings.ts'

/** The destination of a request, and the open service that it may be mistaken for. */
export type Mix<T> = { readonly aim: T | undefined; readonly cover: Route | undefined }

export function hostLines(
  world: World,
  random: Random,
  { aim, cover }: Mix<Route>,
): readonly HeaderLine[] {
  const host = () => {
    // With its own host it is reached by that host only; in `*` by any host without a virtual host.
    const isBound = aim?.hostnames.some((hostname) => hostname !== '*') ?? false
    const own = random.chance(isBound ? 0.8 : 0.3) ? random.pick(hostsFor(aim, world)) : undefined
    const other = random.chance(0.6) ? random.pick(hostsFor(cover, world)) : undefined
    const named = random.chance(0.6) ? random.pick([...world.hosts]) : undefined
    const far = random.pick(farHosts(world))
    const chosen = own ?? other ?? named ?? far
    return random.chance(0.35) ? spelledHost(chosen, random) : chosen
  }
  return random.chance(0.02)
    ? [
        ['Host', host()],
        ['Host', host()],
      ]
    : [['Host', host()]]
}

function hostsFor(route: Route | undefined, world: World): readonly string[] {
  if (route === undefined) return []
  const { hostnames, gateways, backends } = route
  const real = hostnames.map((hostname) => hostname.replace(/^\*/, 'any'))
  const addresses = world.gateways
    .filter(({ id }) => gateways.includes(id))
    .flatMap(({ address, hostnames: listeners }) => [
      address,
      ...listeners.filter((each) => each !== '*').map((each) => each.replace('*', 'inference')),
    ])
  return real.length === 0
    ? [...addresses, ...backends.flatMap(namesInCluster)]
    : [...real, ...real, ...real, ...addresses]
}

const namesInCluster = ({ kind, name, namespace }: Backend): readonly string[] => {
  const services =
    kind === 'LLMInferenceService'
      ? [`${name}-kserve-workload-svc`]
      : kind === 'InferenceGraph'
        ? [name]
        : [name, `${name}-predictor`]
  return services.flatMap((each) =>
    ['', '.svc', '.svc.cluster.local'].map((suffix) => `${each}.${namespace}${suffix}`),
  )
}

const farHosts = ({ gateways, domain }: World): readonly [string, ...string[]] => [
  'nobody.example.net',
  `nobody.${domain}`,
  domain,
  'localhost',
  '127.0.0.1',
  '[::1]',
  ...gateways.map(({ address }) => address),
  ...gateways.map(({ namespace, name }) => `${name}-istio.${namespace}.svc.cluster.local`),
]

/** The headers that routes evaluate: once, repeated, empty, joined, in any case, under other names. */
export function modelLines(
  world: World,
  random: Random,
  { aim, cover }: Mix<Match>,
): readonly HeaderLine[] {
  const wanted = (aim?.headers ?? []).map(
    ({ name, type, value }): HeaderLine => [name, type === 'Exact' ? value : oneOf(value, random)],
  )
  const covering = (cover?.matches ?? []).flatMap(({ headers = [] }) =>
    headers.map(({ name, value }): HeaderLine => [name, value]),
  )
  const borrowed = wanted.length === 0 && random.chance(0.3) ? random.pick(covering) : undefined
  if (borrowed !== undefined) return [cased(borrowed, random)]
  const lines = random.chance(0.92) ? [...wanted] : []
  if (lines.length === 0 && random.chance(0.8)) return lines
  if (random.chance(0.55)) return lines.map((line) => cased(line, random))
  const [name, value] = lines[0] ?? [world.modelHeader, 'publishers/nobody/models/nothing']
  const other = random.pick(covering.filter(([of]) => of === name))?.[1] ?? 'x'
  const extra: HeaderLine = random.pick([
    [name, other],
    [name, ''],
    [name, 'x'],
    [name, value],
    [random.pick(['X-Gateway-Model-Name', 'x-ai-eg-model']), other],
    [name.replaceAll('-', '_'), other],
  ])
  const joined: HeaderLine = [
    name,
    random.pick([`x,${value}`, `${value}, x`, `${value},`, ` ${value}\t`]),
  ]
  return random.chance(0.15)
    ? [joined]
    : random.shuffled([...lines, extra]).map((line) => cased(line, random))
}

/** A name that matches a pattern of adapters. */
const oneOf = (pattern: string, random: Random) =>
  random.pick(/^\^\((.*)\)\$$/.exec(pattern)?.[1]?.split('|') ?? []) ?? pattern

const cased = ([name, value]: HeaderLine, random: Random): HeaderLine =>
  random.chance(0.2) ? [name.toUpperCase(), value] : [name, value]

/** A key in one of its places. */
export function credential(
  world: World,
  random: Random,
  caller: string | undefined,
): readonly HeaderLine[] {
  if (caller === undefined) return []
  const known = world.tenants.find(({ namespace }) => namespace === caller)?.key
  const key = known ?? 'a-key-of-nobody-not-a-secret'
  return [random.chance(0.7) ? ['Authorization', `Bearer ${key}`] : ['x-api-key', key]]
}
