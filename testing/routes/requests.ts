import type { Good, HeaderLine, Match, World } from './model.ts'
import type { Random } from './random.ts'
import { credential, hostLines, type Mix, modelLines } from './request-headers.ts'
import { spelledPath } from './spellings.ts'

/** One request of the oracle. */
export type Asked = {
  readonly gateway: string
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
  /** The owner of the key, `undefined`: there is none. */
  readonly caller: string | undefined
  /** A promise that it is allowed if its caller has permission for its destination. */
  readonly good: Good | undefined
}

/** An endless sequence of requests: valid ones, and mixtures of parts of different services. */
export function* requestsOf(world: World, random: Random): Generator<Asked, never> {
  for (;;) yield random.chance(0.15) ? goodRequest(world, random) : mixedRequest(world, random)
}

function goodRequest(world: World, random: Random): Asked {
  const good = random.pick(world.goods)
  if (good === undefined) return mixedRequest(world, random)
  const { gateway, method, host, path, headers, backends } = good
  const isOpen = backends.every(({ open }) => open)
  const caller = isOpen && random.chance(0.7) ? undefined : backends[0]?.namespace
  return {
    gateway,
    method,
    target: path,
    headers: [['Host', host], ...headers, ...credential(world, random, caller)],
    caller,
    good,
  }
}

const PATHS: readonly [string, ...string[]] = [
  '/',
  '/v1/models/m:predict',
  '/v2/models/m/infer',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/completions/',
  '/tokenize',
  '/healthz',
  '/metrics',
]

function mixedRequest(world: World, random: Random): Asked {
  const aim = random.pick(random.chance(0.12) ? mappedRoutes(world) : world.routes)
  const cover = random.pick(random.chance(0.8) ? openRoutes(world) : world.routes) ?? aim
  const match = aim === undefined ? undefined : random.pick(aim.matches)
  const gateway =
    (random.chance(0.93) ? random.pick(aim?.gateways ?? []) : undefined) ??
    random.pick(world.gateways)?.id ??
    ''
  const caller = random.chance(0.55)
    ? undefined
    : random.pick([
        ...world.tenants.map(({ namespace }) => namespace),
        ...(cover?.backends ?? []).map(({ namespace }) => namespace),
        'nobody',
      ])
  return {
    gateway,
    method: match?.method ?? random.pick(['POST', 'POST', 'GET', 'PUT', 'OPTIONS', 'HEAD']),
    target: absolute(targetOf(world, random, { aim: match, cover }), world, random),
    headers: [
      ...hostLines(world, random, { aim, cover }),
      ...modelLines(world, random, { aim: match, cover }),
      ...credential(world, random, caller),
    ],
    caller,
    good: undefined,
  }
}

/** A request target may contain the host itself; then `Host` is ignored. */
const absolute = (target: string, { hosts }: World, random: Random) =>
  random.chance(0.02) ? `http://${random.pick([...hosts]) ?? 'localhost'}${target}` : target

/** Destinations with hosts that no KServe object mentions. */
const mappedRoutes = ({ routes }: World) => {
  const mapped = routes.filter(
    ({ kind, hostnames }) => /^(DomainMapping|own )/.test(kind) && hostnames.length > 0,
  )
  return mapped.length > 0 ? mapped : routes
}

const openRoutes = ({ routes }: World) =>
  routes.filter(({ backends }) => backends.every(({ open }) => open))

function targetOf(world: World, random: Random, { aim, cover }: Mix<Match>): string {
  const under = (match: Match | undefined) =>
    match === undefined ? '/' : pathIn(match) + (random.chance(0.3) ? '/v1/chat/completions' : '')
  const covering = random.pick(cover?.matches ?? [])
  const anyPath = aim?.path.value === '/' || aim?.path.type === 'RegularExpression'
  const path = random.chance(anyPath ? 0.45 : 0.8)
    ? under(aim)
    : random.chance(0.6)
      ? under(covering)
      : random.chance(0.6)
        ? random.pick(PATHS)
        : `/publishers/${random.pick(world.tenants)?.namespace}/models/${random.pick(['chat-8b', 'adapter-1', 'acme/opt-small', 'nobody'])}/v1/completions`
  const query = (aim?.query ?? []).map(({ name, value }) => `${name}=${value}`).join('&')
  const spelled = random.chance(0.25) ? spelledPath(path, random) : path
  return query === '' ? spelled : `${spelled}?${query}`
}

/** A path that a match accepts. */
function pathIn({ path: { type, value } }: Match): string {
  if (type !== 'RegularExpression') return value === '/' ? '/tokenize' : value
  return value
    .replace('^/.*$', '/v1/models/m:predict')
    .replace('[a-z]+', 'any')
    .replace('(/.*)?', '')
    .replace('/.*', '/any/any')
}
