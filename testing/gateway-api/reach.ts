import type { Asked, BackendRef, HttpRoute, Match, Rule } from './model.ts'

/** The rule that a gateway selected. */
export type Reached = {
  readonly route: HttpRoute
  readonly rule: Rule
  readonly match: Match
  /** All backends that may receive the request, or a share of such requests. */
  readonly backends: readonly BackendRef[]
}

type Leaf = { readonly route: HttpRoute; readonly rule: Rule; readonly match: Match }

/** Envoy Gateway's routing for a listener without a hostname; `undefined`: it answers 404. */
export function reachedBy(routes: readonly HttpRoute[], asked: Asked): Reached | undefined {
  const domain = domainOf(routes, asked.host)
  const leaves = routes
    .filter(({ spec: { hostnames = [] } }) =>
      domain === '*' ? hostnames.length === 0 : hostnames.includes(domain),
    )
    .flatMap((route) =>
      route.spec.rules.flatMap((rule) =>
        (rule.matches ?? [{}]).map((match): Leaf => ({ route, rule, match })),
      ),
    )
  const found = leaves.toSorted(byPrecedence).find(({ match }) => fits(match, asked))
  if (found === undefined) return undefined
  const mirrors = (found.rule.filters ?? []).flatMap(({ requestMirror }) =>
    requestMirror === undefined ? [] : [requestMirror.backendRef],
  )
  const backends = found.rule.backendRefs.filter(({ weight = 1 }) => weight > 0)
  return { ...found, backends: [...backends, ...mirrors] }
}

/** The most specific virtual host that matches this host. */
function domainOf(routes: readonly HttpRoute[], host: string): string {
  const domains = routes.flatMap(({ spec }) => spec.hostnames ?? [])
  if (domains.includes(host)) return host
  const wild = domains
    .filter((domain) => domain.startsWith('*.') && host.endsWith(domain.slice(1)))
    .toSorted((one, other) => other.length - one.length)
  return wild[0] ?? '*'
}

const RANKS: Readonly<Record<string, number>> = { Exact: 3, RegularExpression: 2, PathPrefix: 1 }

/** As in `internal/gatewayapi/sort.go` of Envoy Gateway 1.9.1; equal ones keep their order. */
function byPrecedence({ match: one }: Leaf, { match: other }: Leaf): number {
  const [first, second] = [keysOf(one), keysOf(other)]
  const at = first.findIndex((key, index) => key !== second[index])
  return at < 0 ? 0 : (second[at] ?? 0) - (first[at] ?? 0)
}

function keysOf({ path, method, headers = [], queryParams = [] }: Match): readonly number[] {
  const conditions = headers.length + (method === undefined ? 0 : 1)
  const exact = headers.filter(({ type = 'Exact' }) => type === 'Exact').length
  const value = path?.value ?? '/'
  return [
    RANKS[path?.type ?? 'PathPrefix'] ?? 0,
    (path?.type ?? 'PathPrefix') === 'PathPrefix' && value === '/' ? 0 : value.length,
    conditions,
    exact + (method === undefined ? 0 : 1),
    queryParams.length,
  ]
}

function fits({ path, method, headers = [], queryParams = [] }: Match, asked: Asked): boolean {
  const [plain = '', query = ''] = asked.path.split(/\?(.*)/s)
  const given = new URLSearchParams(query)
  return (
    fitsPath(path, plain) &&
    (method === undefined || method === asked.method) &&
    headers.every(({ type = 'Exact', name, value }) => {
      const found = asked.headers[name.toLowerCase()]
      if (found === undefined) return false
      return type === 'Exact' ? found === value : new RegExp(`^(?:${value})$`).test(found)
    }) &&
    queryParams.every(({ name, value }) => given.get(name) === value)
  )
}

function fitsPath(path: Match['path'], asked: string): boolean {
  const { type = 'PathPrefix', value } = path ?? { value: '/' }
  if (type === 'Exact') return asked === value
  if (type === 'RegularExpression') return new RegExp(`^(?:${value})$`).test(asked)
  const prefix = value.replace(/\/$/, '')
  return asked === prefix || asked.startsWith(`${prefix}/`)
}
