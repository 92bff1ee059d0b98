import type { Authorize } from '../../src/access/answer.ts'
import { createAuthorize } from '../../src/access/authorize.ts'
import type { Directory } from '../../src/access/directory.ts'
import { GATEWAY_LAG_MS } from '../../src/access/route-versions.ts'
import { decodeCheckRequest, encodeForeignCheckRequest } from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'
import { readResource } from '../../src/resources/resource.ts'
import { createRandom, type Random } from '../routes/random.ts'
import { aRequestFor, serviceBehind } from './ask.ts'
import { judgeSettings, READ_SETTINGS, sourcesOf } from './judge.ts'
import type { Asked, HttpRoute, Service } from './model.ts'
import { type Reached, reachedBy } from './reach.ts'
import { changed, createWorld, NAMESPACES, type World } from './world.ts'

export type Counts = {
  cases: number
  /** Requests that match some route. */
  routed: number
  /** Requests that only reach open services, or those of the caller. */
  harmless: number
  allowed: number
  /** Requests allowed although a service denies them: each is a breach. */
  readonly wrong: string[]
  /** Plain requests on KServe routes that were denied: each is an outage. */
  readonly refused: string[]
}

const REQUESTS_OF_A_WORLD = 40

/** Sends random requests through random routes, and counts the allowed ones. */
export function tryRoutes(seed: number, cases: number): Counts {
  const counts: Counts = { cases: 0, routed: 0, harmless: 0, allowed: 0, wrong: [], refused: [] }
  for (let at = seed; counts.cases < cases; at += 1) tryWorld(at, counts)
  return counts
}

function tryWorld(seed: number, counts: Counts) {
  const random = createRandom(seed)
  const world = createWorld(random)
  let now = 0
  const { directory, authorize } = serving(world, () => now)
  for (let count = 0; count < REQUESTS_OF_A_WORLD; count += 1) {
    tryOne(`seed ${seed}, request ${count}`, { world, random, authorize, lags: false }, counts)
  }
  // The service knows of a change, and the gateway still uses the old routes, or already the new ones.
  const next = changed(world, random)
  for (const { metadata } of world.routes) directory.routes.remove(idOf(metadata))
  putRoutes(directory, next)
  now = GATEWAY_LAG_MS - 1
  for (let count = 0; count < REQUESTS_OF_A_WORLD; count += 1) {
    const seen = random.chance(0.5) ? world : { ...world, routes: next }
    const label = `seed ${seed}, changed, request ${count}`
    tryOne(label, { world: seen, random, authorize, lags: true }, counts)
  }
}

type Try = {
  /** The state of the gateway. */
  readonly world: World
  readonly random: Random
  readonly authorize: Authorize
  readonly lags: boolean
}

function tryOne(label: string, { world, random, authorize, lags }: Try, counts: Counts) {
  counts.cases += 1
  const asked = aRequestFor(world, random)
  const reached = reachedBy(world.routes, asked)
  if (reached === undefined) return
  counts.routed += 1
  const services = reached.backends.map((ref) => serviceBehind(ref, reached.route, world.services))
  const harmless = services.every((service) => service !== undefined && admits(service, asked))
  if (harmless) counts.harmless += 1
  const answer = authorize(readCheck(asked, reached))
  if (answer instanceof Promise) throw new Error('an answer that waits')
  const told = () => `${label}: ${JSON.stringify({ asked, by: reached.route })}`
  if (answer.decision.outcome === 'allow') {
    counts.allowed += 1
    if (!harmless) counts.wrong.push(told())
  } else if (harmless && !lags && isPlain(asked, reached, world)) counts.refused.push(told())
}

const admits = ({ open, namespace }: Service, { caller }: Asked): boolean =>
  open ? true : caller === namespace

/** A KServe route, on a path that all servers read alike. Two services may have the same name as an address. */
const isPlain = (
  { path, headers, caller }: Asked,
  { route: { metadata } }: Reached,
  { services }: World,
): boolean =>
  !metadata.name.startsWith('own-') &&
  !metadata.name.endsWith('-predictor') &&
  !services.some(
    ({ namespace, name }) =>
      namespace === metadata.namespace && name === `${metadata.name}-predictor`,
  ) &&
  caller === undefined &&
  /^[/a-z0-9?=]*$/.test(path) &&
  !Object.values(headers).some((value) => value.includes(','))

const idOf = ({ namespace, name }: HttpRoute['metadata']) => `${namespace}/${name}`

function putRoutes(directory: Directory, routes: readonly HttpRoute[]) {
  for (const object of routes) {
    const { resource } = readResource(object, READ_SETTINGS)
    if (resource.kind === 'route') directory.routes.put(idOf(object.metadata), resource.route)
  }
}

function serving({ services, routes }: World, now: () => number) {
  const { directory, sources } = sourcesOf(now)
  for (const { kind, namespace, name, open } of services) {
    const annotations = { 'security.opendatahub.io/enable-auth': String(!open) }
    const metadata = { namespace, name, annotations }
    const object = { apiVersion: 'serving.kserve.io/v1beta1', kind, metadata, spec: {}, status: {} }
    const { resource } = readResource(object, READ_SETTINGS)
    if (resource.kind === 'service') {
      directory.services.put(`${kind} ${namespace}/${name}`, resource.service)
    }
  }
  for (const namespace of NAMESPACES) {
    const metadata = { namespace, name: 'key', labels: { 'kserve-authz.io/credential': 'api-key' } }
    const stringData = { api_key: keyOf(namespace) }
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData }
    const { resource } = readResource(secret, READ_SETTINGS)
    if (resource.kind === 'api-key') directory.keys.put(namespace, resource.key)
  }
  putRoutes(directory, routes)
  return { directory, authorize: createAuthorize(sources, judgeSettings) }
}

const keyOf = (namespace: string) => `key-of-${namespace}-not-a-secret`

/** A check from Envoy, with Envoy Gateway's metadata. */
function readCheck(asked: Asked, { route: { kind, metadata }, rule }: Reached) {
  const texts = { kind, namespace: metadata.namespace, name: metadata.name }
  const named = rule.name === undefined ? texts : { ...texts, sectionName: rule.name }
  const fields = Object.fromEntries(
    Object.entries(named).map(([name, stringValue]) => [name, { stringValue }]),
  )
  const resources = { listValue: { values: [{ structValue: { fields } }] } }
  const key = asked.caller === undefined ? {} : { 'x-api-key': keyOf(asked.caller) }
  const { method, path, host } = asked
  const bytes = encodeForeignCheckRequest({
    attributes: {
      request: { http: { method, path, host, headers: { ...asked.headers, ...key } } },
      route_metadata_context: { filter_metadata: { 'envoy-gateway': { fields: { resources } } } },
    },
  })
  const check = decodeCheckRequest(bytes ?? Buffer.alloc(0))
  return readCheckRequest(check, 'gateway', undefined, { route: 'required' }).request
}
