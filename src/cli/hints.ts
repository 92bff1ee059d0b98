// Names what a denial of `check` is about, and what would change it.

import { hash } from 'node:crypto'
import type { Answer } from '../access/answer.ts'
import type { ApiKey } from '../access/api-key.ts'
import type { Caller } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { AccessRequest } from '../access/request.ts'
import { idOf, type Service } from '../access/service.ts'
import { keysNamed } from '../app/assumed.ts'
import { serviceAccountOfUser } from '../common/service-account-name.ts'
import { nearestTo } from '../config/did-you-mean.ts'
import { displayNameOf } from '../resources/object.ts'
import type { Look } from './look.ts'
import { permissionsTo } from './permissions-to.ts'

type Seen = Pick<Look, 'engine' | 'config' | 'assumed'>

/** What to look at, for the reason of a denial. Contains no secret. */
export function hintsFor(request: AccessRequest, answer: Answer, seen: Seen): readonly string[] {
  const { decision } = answer
  return decision.outcome === 'allow' ? [] : (HINTS[decision.reason]?.(request, answer, seen) ?? [])
}

type Hint = (request: AccessRequest, answer: Answer, seen: Seen) => readonly string[]

const HINTS: Readonly<Partial<Record<DenyReason, Hint>>> = {
  'unknown-target': (request, _answer, { engine }) => nearTargets(request, engine.directory),
  'conflicting-target': (request, _answer, { engine }) => claimants(request, engine.directory),
  'expired-api-key': (request, answer, seen) =>
    keysIn(request, seen)
      .filter(({ namespace }) => namespace === answer.target?.service.namespace)
      .map((key) => `the key of ${secretOf(key)} expired at ${timeOf(key)}`),
  'unknown-api-key': (request, answer, seen) =>
    otherKeys(keysIn(request, seen), answer.target?.service.namespace),
  'key-not-for-service': (request, _answer, seen) =>
    keysIn(request, seen).map((key) => `the key of ${secretOf(key)} opens only ${scopeOf(key)}`),
  'not-permitted': (_request, { target, caller }, { config }) =>
    target === undefined || caller?.inRbac !== true ? [] : grantFor(caller, target.service, config),
}

type Directory = Seen['engine']['directory']

/** Known hosts to name, at most. */
const NAMED = 3

function nearTargets({ position, host, path, destination }: AccessRequest, directory: Directory) {
  if (position === 'workload') {
    const { address } = destination
    return [
      address === undefined
        ? 'the request names no pod: give --destination'
        : `no pod of a service has the address ${address}`,
    ]
  }
  const routes = [...directory.services.values()].flatMap(({ routes }) => routes)
  const paths = routes
    .filter((route) => route.host === host)
    .map((route) => route.pathPrefix || '/')
  if (paths.length > 0) {
    const near = nearestTo(path, [...new Set(paths)], NAMED)
    return [`services have the host ${host} with other paths, such as ${near.join(', ')}`]
  }
  const hosts = [...new Set(routes.flatMap((route) => route.host ?? []))]
  if (hosts.length === 0) return ['no service has a host']
  const near = nearestTo(host, hosts, NAMED)
  return [`no service has the host ${host}; did you mean ${near.join(', ')}?`]
}

function claimants(
  { host, destination: { address }, position }: AccessRequest,
  directory: Directory,
) {
  const atPod =
    address === undefined || position === 'gateway'
      ? []
      : directory.workloadsAt(address).flatMap(({ service }) => directory.servicesNamed(service))
  const byHost = [
    ...directory.ownersOf(host),
    ...directory.servicesRoutedBy({ host, pathPrefix: '' }),
    ...directory.servicesWithHostname(host),
  ]
  const services = new Map([...atPod, ...byHost].map((service) => [idOf(service), service]))
  const named = [...services.values()].map(displayNameOf).toSorted()
  return named.length === 0 ? [] : [`the request may be for ${named.join(' and for ')}`]
}

/** The keys that a header of the request holds, in any namespace, and the assumed one. */
function keysIn({ headers }: AccessRequest, { engine, assumed }: Seen): readonly ApiKey[] {
  const pieces = [...headers].flatMap(([, value]) => [value, ...value.split(/[\s,;=]+/)])
  const digests = new Set(
    pieces.filter((piece) => piece !== '').map((piece) => hash('sha256', piece)),
  )
  const named = assumed.flatMap(({ digest, as }) =>
    digests.has(digest) && 'key' in as ? keysNamed(engine.directory, as.key) : [],
  )
  return [...engine.directory.keys.values()]
    .filter(({ digest }) => digests.has(digest))
    .concat(named)
}

function otherKeys(keys: readonly ApiKey[], namespace: string | undefined): readonly string[] {
  const own = keys.filter((key) => key.namespace === namespace)
  if (own.length > 1)
    return [`${own.map(secretOf).join(' and ')} hold the same key: it is nobody's`]
  return keys.map(
    (key) => `the key is that of ${secretOf(key)}, and valid in namespace ${key.namespace} only`,
  )
}

const secretOf = ({ namespace, name }: ApiKey) => `Secret ${namespace}/${name}`

const timeOf = ({ expiresAt }: ApiKey) => new Date(expiresAt ?? 0).toISOString()

const scopeOf = ({ services = [] }: ApiKey) =>
  services.map(({ kind, name }) => (kind === undefined ? name : `${kind} ${name}`)).join(', ') ||
  'no service'

const SIMPLE = /^[\w@%+=:,./-]+$/

/** A word of a shell command. */
const quoted = (text: string) => (SIMPLE.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** The commands that would grant the first permission that opens the service. */
function grantFor(caller: Caller, service: Service, { permissions }: Seen['config']) {
  const [first] = permissionsTo(service, permissions)
  const user = caller.user
  if (first === undefined || user === undefined) return []
  const name = `call-${service.name}`
  const type = first.group === '' ? first.resource : `${first.resource}.${first.group}`
  const account = serviceAccountOfUser(user)
  const subject =
    account === undefined
      ? `--user=${quoted(user)}`
      : `--serviceaccount=${account.namespace}:${account.name}`
  return [
    `to allow it: kubectl create role ${name} --namespace=${first.namespace} --verb=${first.verb} --resource=${type} --resource-name=${quoted(first.name)}`,
    `and: kubectl create rolebinding ${name} --namespace=${first.namespace} --role=${name} ${subject}`,
  ]
}
