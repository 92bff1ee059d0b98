import { at, entriesAt, listAt, textAt } from '../json.ts'
import { ownerOf } from './backends.ts'
import { INGRESS, type Sent } from './reached.ts'
import { idOf, type Snapshot } from './snapshot.ts'

/** A request and its origin. */
export type Asked = Sent & {
  /** `status`: an address from a status. `route`: an address of a route. `odd`: not promised. */
  readonly origin: 'status' | 'route' | 'odd'
  /** The service, or the route without a service, that it is derived from. */
  readonly about: string
}

const MODEL_HEADER = 'X-Gateway-Model-Name'
const CHAT = '/v1/chat/completions'

/** Requests derived from routes and statuses, with their parts combined correctly and incorrectly. */
export function requestsFor(snapshot: Snapshot): readonly Asked[] {
  const all = [
    ...snapshot.httpRoutes.flatMap((route) =>
      told(ownerOf(snapshot, route) ?? idOf(route), routeRequests(snapshot, route)),
    ),
    ...snapshot.ingresses.flatMap((ingress) =>
      told(ownerOf(snapshot, ingress) ?? idOf(ingress), ingressRequests(ingress)),
    ),
    ...snapshot.llmInferenceServices.flatMap((service) =>
      told(idOf(service), [
        ...addressRequests(snapshot, service),
        ...modelRequests(snapshot, service),
      ]),
    ),
    ...[...snapshot.inferenceServices, ...snapshot.inferenceGraphs].flatMap((service) =>
      told(idOf(service), urlRequests(snapshot, service)),
    ),
  ]
  return [...new Map(all.map((asked) => [JSON.stringify(asked), asked])).values()]
}

const told = (about: string, requests: Iterable<Omit<Asked, 'about'>>): readonly Asked[] =>
  [...requests].map((asked) => ({ ...asked, about }))

const refOf = (ref: unknown, namespace: string): string =>
  `${textAt(ref, 'namespace') || namespace}/${textAt(ref, 'name')}`

/** The address at which clients find a gateway. */
function addressOf(snapshot: Snapshot, gateway: string): string {
  const found = snapshot.gateways.find((each) => refOf(at(each, 'metadata'), '') === gateway)
  return addressIn(at(found, 'status'))
}

const addressIn = (status: unknown): string => textAt(status, 'addresses', 0, 'value')

const FOREIGN_HOSTS = [
  'iris-team.example.com',
  'flowers-transformer-team.example.com',
  'iris-predictor.team.svc.cluster.local',
  'chat-kserve-workload-svc.team.svc.cluster.local',
  'hosted.example.net',
  'nobody.example.org',
]

function* routeRequests(snapshot: Snapshot, route: unknown): Generator<Omit<Asked, 'about'>> {
  const namespace = textAt(route, 'metadata', 'namespace')
  for (const parent of listAt(route, 'spec', 'parentRefs')) {
    const gateway = refOf(parent, namespace)
    const named = listAt(route, 'spec', 'hostnames').map(String)
    const hosts = named.length > 0 ? named : [addressOf(snapshot, gateway)]
    for (const { path, headers } of sendable(route)) {
      for (const host of hosts) yield { gateway, host, path, headers, origin: 'route' }
      for (const host of FOREIGN_HOSTS) yield { gateway, host, path, headers, origin: 'odd' }
      for (const host of hosts) {
        yield { gateway, host, path: `${path}x`, headers, origin: 'odd' }
        yield { gateway, host, path: '/elsewhere', headers, origin: 'odd' }
        yield { gateway, host, path, headers: {}, origin: 'odd' }
        yield {
          gateway,
          host,
          path,
          headers: modelHeader('publishers/team/models/chat'),
          origin: 'odd',
        }
        yield { gateway, host, path, headers: modelHeader('nobody'), origin: 'odd' }
      }
    }
  }
}

function* ingressRequests(ingress: unknown): Generator<Omit<Asked, 'about'>> {
  for (const rule of listAt(ingress, 'spec', 'rules')) {
    const host = textAt(rule, 'host')
    for (const { path: prefix } of listAt(rule, 'http', 'paths').map((each) => ({
      path: textAt(each, 'path'),
    }))) {
      const path = `${prefix.replace(/\/$/, '')}/v1/models/m:predict`
      yield { gateway: INGRESS, host, path, headers: {}, origin: 'route' }
      for (const each of FOREIGN_HOSTS)
        yield { gateway: INGRESS, host: each, path, headers: {}, origin: 'odd' }
    }
  }
}

const modelHeader = (model: string) => ({ [MODEL_HEADER]: model })

type Sendable = Pick<Sent, 'path' | 'headers'>

function* sendable(route: unknown): Generator<Sendable> {
  for (const rule of listAt(route, 'spec', 'rules')) {
    for (const match of listAt(rule, 'matches')) {
      const headers = Object.fromEntries(
        listAt(match, 'headers').map((header) => [textAt(header, 'name'), textAt(header, 'value')]),
      )
      for (const path of pathsOf(match)) yield { path, headers }
    }
  }
}

function pathsOf(match: unknown): readonly string[] {
  const value = textAt(match, 'path', 'value')
  switch (textAt(match, 'path', 'type')) {
    case 'Exact':
      return [value]
    case 'RegularExpression':
      return ['/', '/v1/models/m:predict', '/v1/models/m:explain', '/v2/models/m/infer']
    default:
      return value === '/' ? ['/', CHAT, '/some/path'] : [value, `${value}${CHAT}`]
  }
}

/** The addresses in the status of an LLMInferenceService. */
function* addressRequests(snapshot: Snapshot, service: unknown): Generator<Omit<Asked, 'about'>> {
  for (const address of listAt(service, 'status', 'addresses')) {
    const url = new URL(textAt(address, 'url'))
    const gateway = refOf(at(address, 'origin'), '')
    if (addressOf(snapshot, gateway) === '') continue
    const path = url.pathname.replace(/\/$/, '')
    const byModel = textAt(address, 'name').endsWith('-model-routing')
    const common = { gateway, host: url.hostname, origin: 'status' as const }
    if (!byModel || listAt(address, 'models').length === 0) {
      yield { ...common, path: `${path}${CHAT}`, headers: {} }
      continue
    }
    for (const model of listAt(address, 'models')) {
      const headers = modelHeader(textAt(model, 'name'))
      for (const each of [CHAT, '/v1/models', '/tokenize']) yield { ...common, path: each, headers }
      yield { ...common, path: '/team/chat/v1/completions', headers, origin: 'odd' }
    }
  }
}

/** The names of an LLMInferenceService's models, where KServe has a route for them and where it may have none. */
function* modelRequests(snapshot: Snapshot, service: unknown): Generator<Omit<Asked, 'about'>> {
  if (!listAt(service, 'status', 'addresses').some((each) => at(each, 'origin'))) return
  const [namespace, name] = ['namespace', 'name'].map((key) => textAt(service, 'metadata', key))
  const models = [
    textAt(service, 'spec', 'model', 'name') || name,
    ...listAt(service, 'spec', 'model', 'lora', 'adapters').map((each) => textAt(each, 'name')),
  ]
  for (const { metadata, status } of snapshot.gateways.map(partsOf)) {
    const common = { gateway: refOf(metadata, ''), host: addressIn(status), origin: 'odd' as const }
    for (const model of models) {
      const published = `publishers/${namespace}/models/${model}`
      yield { ...common, path: `/${published}${CHAT}`, headers: {} }
      for (const path of [CHAT, '/v1/messages', '/v1/models'])
        for (const named of [published, model ?? ''])
          yield { ...common, path, headers: modelHeader(named) }
    }
  }
}

const partsOf = (object: unknown) => ({
  metadata: at(object, 'metadata'),
  status: at(object, 'status'),
})

/** The URLs of an InferenceService. */
function* urlRequests(snapshot: Snapshot, service: unknown): Generator<Omit<Asked, 'about'>> {
  const urls = [
    textAt(service, 'status', 'url'),
    textAt(service, 'status', 'address', 'url'),
    ...entriesAt(service, 'status', 'components').map(([, component]) => textAt(component, 'url')),
  ]
  for (const text of urls.filter((each) => each !== '')) {
    const { hostname: host, pathname } = new URL(text)
    const path = `${pathname.replace(/\/$/, '')}/v1/models/m:predict`
    const gateways = snapshot.gateways.map((each) => refOf(at(each, 'metadata'), ''))
    for (const gateway of [...gateways, INGRESS])
      yield { gateway, host, path, headers: {}, origin: 'odd' }
  }
}
