// Reads the matches and path rewrites of a rule of the Gateway API.

import type { GatewayRouteMatch, RouteKind } from '../access/gateway-route.ts'
import { listAt, textAt, valueAt } from './object.ts'
import { alternativesIn, literalEnding, literalLead } from './patterns.ts'

/**
 * Reads a match of a rule, as one match for each possible value of a header; `filters`: those of the whole rule. An
 * unknown condition may match anything.
 */
export function readRouteMatch(
  match: unknown,
  kind: RouteKind,
  filters: readonly unknown[],
): readonly GatewayRouteMatch[] {
  const { path, conditional } = kind === 'HTTPRoute' ? readPath(match) : readCall(match)
  const written = listAt(match, 'headers')
  const headers = written.map(readHeader)
  const read = headers.filter((header) => header !== undefined)
  const common = {
    path,
    method: kind === 'HTTPRoute' ? textAt(match, 'method') : undefined,
    conditional:
      conditional ||
      headers.includes(undefined) ||
      listAt(match, 'queryParams').length > 0 ||
      filters.some((filter) => textAt(filter, 'type') === 'ExtensionRef'),
    cut: cutFrom(path, filters),
  }
  return alternatives(read).map((each) => ({ ...common, headers: each }))
}

type Header = GatewayRouteMatch['headers'][number]
type HeaderOfValues = readonly [name: string, values: readonly string[] | undefined]

/** The first header that may have several values is written out. */
function alternatives(headers: readonly HeaderOfValues[]): readonly (readonly Header[])[] {
  const several = headers.find(([, values = []]) => values.length > 1)
  const [, values = [undefined]] = several ?? []
  return values.map((value) =>
    headers.map((header): Header => {
      const [name, [only, ...others] = []] = header
      return [name, header === several ? value : others.length === 0 ? only : undefined]
    }),
  )
}

type Path = Pick<GatewayRouteMatch, 'path' | 'conditional'>

const PATTERN: Path = { path: { type: 'pattern', value: '' }, conditional: true }

function readPath(match: unknown): Path {
  const type = valueAt(match, 'path', 'type') ?? 'PathPrefix'
  const value = valueAt(match, 'path', 'value') ?? '/'
  if (typeof value !== 'string') return PATTERN
  if (type === 'Exact') return { path: { type: 'exact', value }, conditional: false }
  if (type === 'RegularExpression') return patternOf(value)
  if (type !== 'PathPrefix') return PATTERN
  // For `/a` and `/a/`, which match the same paths, gateways may prefer either.
  const conditional = value.length > 1 && value.endsWith('/')
  return { path: { type: 'prefix', value: value.replace(/\/+$/, '') }, conditional }
}

/** A gRPC method is the path `/service/method`. */
function readCall(match: unknown): Path {
  const [service, method] = [textAt(match, 'method', 'service'), textAt(match, 'method', 'method')]
  const isExact = (valueAt(match, 'method', 'type') ?? 'Exact') === 'Exact'
  if (valueAt(match, 'method') === undefined) {
    return { path: { type: 'prefix', value: '' }, conditional: false }
  }
  if (!isExact || !service || !method) return PATTERN
  return { path: { type: 'exact', value: `/${service}/${method}` }, conditional: false }
}

const patternOf = (pattern: string): Path => {
  const ending = literalEnding(pattern)
  const part = ending === '' ? {} : { ending }
  return { path: { type: 'pattern', value: literalLead(pattern), ...part }, conditional: true }
}

/** `undefined`: a check does not contain it. Envoy passes the host separately. */
function readHeader(header: unknown): HeaderOfValues | undefined {
  const name = textAt(header, 'name')?.toLowerCase()
  if (name === undefined || name === 'host') return undefined
  const value = textAt(header, 'value')
  const isExact = (valueAt(header, 'type') ?? 'Exact') === 'Exact'
  const values = value === undefined ? undefined : isExact ? [value] : alternativesIn(value)
  return [name, values?.every((each) => PLAIN.test(each)) === true ? values : undefined]
}

/** Other bytes may reach the service in a different encoding. */
const PLAIN = /^[\x20-\x7e]*$/

/** The prefix that filters remove from the path; `undefined`: the resulting path is unknown. */
function cutFrom(path: GatewayRouteMatch['path'], filters: readonly unknown[]): string | undefined {
  if (filters.some((filter) => textAt(filter, 'type') === 'ExtensionRef')) return undefined
  const rewrites = filters
    .map((filter) => valueAt(filter, 'urlRewrite', 'path'))
    .filter((rewrite) => rewrite !== undefined)
  const [rewrite, ...others] = rewrites
  if (rewrite === undefined) return ''
  const prefix = textAt(rewrite, 'replacePrefixMatch')
  const isOfPrefix = textAt(rewrite, 'type') === 'ReplacePrefixMatch' && path.type === 'prefix'
  if (others.length > 0 || prefix === undefined || !isOfPrefix) return undefined
  const kept = prefix.replace(/\/+$/, '')
  return path.value.endsWith(kept)
    ? path.value.slice(0, path.value.length - kept.length)
    : undefined
}
