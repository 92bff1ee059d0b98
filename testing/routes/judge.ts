import { REACHED, ROUTE } from './envoy.ts'
import type { Backend, World } from './model.ts'
import type { Asked } from './requests.ts'
import type { Answer } from './wire.ts'

/** A wrong allow: a backend that the caller may not call, and how the request reached it. */
export type Breach = {
  readonly kind: string
  readonly backend: Backend
  readonly route: string
  readonly asked: Asked
}

/** An open service permits everybody; another permits callers with a key of its namespace. */
const mayCall = ({ caller }: Asked, { open, namespace }: Backend) => open || caller === namespace

/** The backend that an answer names, `undefined` if none was reached. */
function reachedBy({ status, headers }: Answer, { backends }: World): Backend | undefined {
  const id = headers.get(REACHED)
  if (status !== 200 && id === undefined) return undefined
  const backend = backends.find((each) => each.id === id)
  if (backend === undefined) throw new Error(`Envoy answered ${status} and reached ${id}`)
  return backend
}

export function breachIn(world: World, asked: Asked, answer: Answer): Breach | undefined {
  const backend = reachedBy(answer, world)
  if (backend === undefined || mayCall(asked, backend)) return undefined
  const route = answer.headers.get(ROUTE) ?? ''
  return { kind: kindOf(world, asked, route), backend, route, asked }
}

/**
 * Nothing can distinguish these cases without knowing the asking gateway: the host belongs to an open service at one
 * gateway, and at another, where no virtual host has it, a VirtualService or DomainMapping takes every host.
 */
export const UNDECLARED = 'limit: known host, unknown gateway, undeclared route'

/** By the most specific property of the request; ordered like the kinds of faults. */
function kindOf(world: World, asked: Asked, route: string): string {
  const [way = '', ...traits] = route.split('; ')
  const names = asked.headers.map(([name]) => name.toLowerCase())
  const host = hostOf(asked)
  const plain = host.replace(/\.$/, '')
  const routing = new Set(world.routes.flatMap(headersOf))
  const isTwice = names.some((name, index) => routing.has(name) && names.indexOf(name) !== index)
  if (plain !== host) return 'trailing dot'
  const isUndeclared = way === 'DomainMapping' || way === 'own VirtualService'
  const isKnown = world.gateways.some(({ id, isKnown }) => isKnown && id === asked.gateway)
  if (isUndeclared && world.hosts.has(host))
    return isKnown ? 'known host at another gateway, undeclared route' : UNDECLARED
  if (isTwice) return 'a routing header twice'
  if (isInCluster(host, world) && !isKnative(way)) return 'cluster name at a gateway'
  if (traits.includes('adapter')) return 'unknown name: adapter'
  if (traits.includes('baseRef')) return 'unknown name: baseRef'
  if (way === 'model header' && world.modelHeader !== STANDARD_HEADER)
    return "unknown name: the header's"
  if (way === 'own route' || way === 'route by reference')
    return traits.includes('hostile path')
      ? `${way} into the paths of another`
      : traits.includes('no hostnames')
        ? `${way} without hostnames`
        : `${way} with hostnames`
  if (traits.includes('hostile host')) return 'route on a host of another'
  if (FOREIGN.has(way))
    return world.gateways.some(({ address }) => address === host)
      ? 'unclaimed path on the address of a gateway'
      : 'open claim on a foreign host'
  if (headerValues(asked).some((value) => world.contested.has(value)))
    return 'model name of more than one'
  if (traits.includes('group')) return 'member of a group'
  const isConfigured = [world.domain, ...world.additionalDomains].some((domain) =>
    `.${plain}`.endsWith(`.${domain}`),
  )
  return isConfigured ? "open claim on a host of KServe's configuration" : `other: ${way}`
}

const headerValues = ({ headers }: Asked) => headers.map(([, value]) => value)

const headersOf = ({ matches }: World['routes'][number]) =>
  matches.flatMap(({ headers = [] }) => headers.map(({ name }) => name.toLowerCase()))

const STANDARD_HEADER = 'X-Gateway-Model-Name'
const IN_CLUSTER = /^[a-z0-9-]+\.([a-z0-9-]+)(\.svc(\.cluster\.local)?)?$/
const isInCluster = (host: string, { tenants }: World) => {
  const found = IN_CLUSTER.exec(host)?.[1]
  return tenants.some(({ namespace }) => namespace === found)
}

/** In lower case and without port. A target with a host overrides `Host`. */
function hostOf({ target, headers }: Asked): string {
  const inTarget = /^http:\/\/([^/]*)/.exec(target)?.[1]
  const written = inTarget ?? headers.find(([name]) => name === 'Host')?.[1] ?? ''
  return written.toLowerCase().replace(/:\d*$/, '')
}

const FOREIGN: ReadonlySet<string> = new Set([
  'DomainMapping',
  'own VirtualService',
  'own HTTPRoute',
])
const isKnative = (way: string) => way === 'host of Knative' || way === 'host of a graph'
