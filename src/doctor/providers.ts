// Examines the extension providers of Istio's mesh configuration.

import { DEFAULT_ROOT_NAMESPACE } from '../resources/authorization-policy.ts'
import {
  displayNameOf,
  type KubernetesObject,
  listAt,
  textAt,
  valueAt,
} from '../resources/object.ts'
import type { DoctorFinding } from './finding.ts'
import { type Objects, ownObjects } from './objects.ts'
import { DEFAULT_REVISION, type Revision, takesSeveral } from './revisions.ts'

/** Parses a document of YAML; `undefined`: it cannot be parsed. */
export type ParseYaml = (text: string) => unknown

/** A mesh as its ConfigMap configures it. */
export type MeshConfig = {
  readonly rootNamespace: string
  /** The names of the extension providers that lead to this service, of all revisions. */
  readonly own: ReadonlySet<string>
  /** Of these providers, the ports of the service's Service. */
  readonly ports: ReadonlyMap<string, number>
  /** One for each ConfigMap. */
  readonly revisions: readonly Revision[]
  /** Whether a workload may have several providers, as far as istiod's Deployments can be read. */
  readonly takesSeveral: boolean
  readonly findings: readonly DoctorFinding[]
}

/** The name of Istio's ConfigMap, without a revision. */
const CONFIG_MAP = 'istio'
/** A longer timeout is a finding, in milliseconds. */
const LONGEST_TIMEOUT_MS = 1_000

/** `undefined`: the cluster has no Istio. */
export function meshIn(objects: Objects, parse: ParseYaml): MeshConfig | undefined {
  const isMesh = ({ name }: KubernetesObject) =>
    name === CONFIG_MAP || name.startsWith(`${CONFIG_MAP}-`)
  const maps = objects
    .of('ConfigMap')
    .filter((object) => isMesh(object) && textAt(object.content, 'data', 'mesh') !== undefined)
  if (maps.length === 0) return undefined
  const meshes = maps.map((map) => {
    const content = parse(textAt(map.content, 'data', 'mesh') ?? '')
    const entries = listAt(content, 'extensionProviders')
    return { map, content, entries, own: entries.filter((entry) => isOwn(entry, objects)) }
  })
  const [first] = meshes
  return {
    rootNamespace:
      textAt(first?.content, 'rootNamespace') ?? first?.map.namespace ?? DEFAULT_ROOT_NAMESPACE,
    own: namesOf(meshes.flatMap(({ own }) => own)),
    ports: new Map(meshes.flatMap(({ own }) => own).flatMap(portOf)),
    revisions: meshes.map(({ map, entries, own }) => ({
      name: map.name === CONFIG_MAP ? DEFAULT_REVISION : map.name.slice(CONFIG_MAP.length + 1),
      map,
      providers: namesOf(entries),
      own: namesOf(own),
    })),
    takesSeveral: takesSeveral(objects),
    findings: meshes.flatMap(({ map, own }) =>
      own.flatMap((entry) => inspect(map, entry, objects)),
    ),
  }
}

const namesOf = (entries: readonly unknown[]): ReadonlySet<string> =>
  new Set(entries.map((entry) => textAt(entry, 'name') ?? ''))

const grpcOf = (entry: unknown): unknown => valueAt(entry, 'envoyExtAuthzGrpc')

function portOf(entry: unknown): readonly (readonly [string, number])[] {
  const [name, port] = [textAt(entry, 'name'), valueAt(grpcOf(entry), 'port')]
  return name !== undefined && typeof port === 'number' ? [[name, port]] : []
}

/** `namespace/host`, or a host: the Kubernetes Service of a provider. */
function serviceOf(entry: unknown): { readonly name: string; readonly namespace: string } {
  const written = textAt(grpcOf(entry), 'service') ?? ''
  const [name = '', namespace = ''] = written.slice(written.indexOf('/') + 1).split('.')
  return { name, namespace }
}

function isOwn(entry: unknown, objects: Objects): boolean {
  const { name, namespace } = serviceOf(entry)
  return ownObjects(objects, 'Service').some(
    (service) => service.name === name && service.namespace === namespace,
  )
}

function inspect(
  map: KubernetesObject,
  entry: unknown,
  objects: Objects,
): readonly DoctorFinding[] {
  const grpc = grpcOf(entry)
  const provider = textAt(entry, 'name') ?? ''
  const object = displayNameOf(map)
  const change = (text: string) => `Set ${text} in the provider ${provider} of ${object}.`
  return [
    ...whenOpen(valueAt(grpc, 'failOpen'), object, `the provider ${provider}`, change),
    ...whenSlow(textAt(grpc, 'timeout'), object, `the provider ${provider}`, change),
    ...whenForbidden(textAt(grpc, 'statusOnError') === '503', object, {
      what: `the provider ${provider}`,
      wanted: '"503"',
      change,
    }),
    ...whenNoPort(entry, objects, object),
  ]
}

type Change = (text: string) => string

export const whenOpen = (
  failOpen: unknown,
  object: string,
  what: string,
  change: Change,
): readonly DoctorFinding[] =>
  failOpen === true
    ? [
        {
          code: 'fails-open',
          object,
          message: `${what} sets failOpen`,
          remedy: change('failOpen: false'),
        },
      ]
    : []

export const whenForbidden = (
  isSet: boolean,
  object: string,
  { what, wanted, change }: { what: string; wanted: string; change: Change },
): readonly DoctorFinding[] =>
  isSet
    ? []
    : [
        {
          code: 'refused-with-403',
          object,
          message: `${what} does not set statusOnError to ${wanted}`,
          remedy: change(`statusOnError: ${wanted}`),
        },
      ]

export function whenSlow(
  timeout: string | undefined,
  object: string,
  what: string,
  change: Change,
): readonly DoctorFinding[] {
  const ms = millisecondsIn(timeout)
  if (ms !== undefined && ms <= LONGEST_TIMEOUT_MS) return []
  const message =
    timeout === undefined
      ? `${what} has no timeout`
      : `${what} has a timeout of ${timeout.slice(0, 16)}`
  return [{ code: 'slow-timeout', object, message, remedy: change('a timeout of 0.5s') }]
}

/** By unit. */
const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
])

/** Durations of protobuf and of Go with one unit; `undefined`: another form. */
function millisecondsIn(duration = ''): number | undefined {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)([a-z]{1,2})$/.exec(duration) ?? []
  const factor = MILLISECONDS.get(unit)
  return number === undefined || factor === undefined ? undefined : Number(number) * factor
}

function whenNoPort(entry: unknown, objects: Objects, object: string): readonly DoctorFinding[] {
  const { name, namespace } = serviceOf(entry)
  const port = valueAt(grpcOf(entry), 'port')
  const ports = ownObjects(objects, 'Service')
    .filter((service) => service.name === name && service.namespace === namespace)
    .flatMap(({ content }) => listAt(content, 'spec', 'ports'))
  if (ports.some((each) => valueAt(each, 'port') === port)) return []
  return [
    {
      code: 'provider-unreachable',
      object,
      message: `the Service ${namespace}/${name} has no port ${String(port).slice(0, 8)}`,
      remedy: `kubectl -n ${namespace} get service ${name}`,
    },
  ]
}
