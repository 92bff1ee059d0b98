import { isCanonicalPath } from '../../src/common/path.ts'
import { at, entriesAt, listAt, textAt } from '../../testing/json.ts'

/** The reasons for which Istio refuses an AuthorizationPolicy of action CUSTOM (its ValidateAuthorizationPolicy). */
export function refusalsOf(policy: unknown): string[] {
  const spec = at(policy, 'spec')
  const rules = listAt(spec, 'rules')
  return [
    ...refuse(rules.length === 0, 'no rules: nothing would be checked'),
    ...refuse(textAt(spec, 'provider', 'name') === '', 'provider.name is empty'),
    ...refuse(
      at(spec, 'selector') !== undefined && at(spec, 'targetRefs') !== undefined,
      'both selector and targetRefs',
    ),
    ...refuse(at(annotationsOf(policy), DRY_RUN) === 'true', 'dry-run'),
    ...rules.flatMap((rule) => [...refusedFrom(rule), ...refusedTo(rule), ...refusedWhen(rule)]),
  ]
}

const DRY_RUN = 'istio.io/dry-run'

const annotationsOf = (policy: unknown): unknown => at(policy, 'metadata', 'annotations')

const refuse = (refused: boolean, why: string): string[] => (refused ? [why] : [])

/** A CUSTOM policy applies before any token is verified, and at gateways without a peer identity. */
const NO_SOURCES = [
  'principals',
  'requestPrincipals',
  'namespaces',
  'serviceAccounts',
  'trustDomains',
].flatMap((name) => [name, `not${name.charAt(0).toUpperCase()}${name.slice(1)}`])

const NO_CONDITIONS = /^(source\.(namespace|serviceAccount|trustDomain|principal)$|request\.auth\.)/

const refusedFrom = (rule: unknown): string[] =>
  listAt(rule, 'from').flatMap((from) => [
    ...refuse(entriesAt(from, 'source').length === 0, 'from.source is empty'),
    ...NO_SOURCES.filter((name) => listAt(from, 'source', name).length > 0).map(
      (name) => `from.source.${name}`,
    ),
  ])

const refusedTo = (rule: unknown): string[] =>
  listAt(rule, 'to').flatMap((to) => {
    const parts = entriesAt(to, 'operation')
    const values = parts.flatMap(([, list]) => listAt(list))
    const ports = [...listAt(to, 'operation', 'ports'), ...listAt(to, 'operation', 'notPorts')]
    return [
      ...refuse(values.length === 0, 'to.operation is empty'),
      ...refuse(values.includes(''), 'an empty value'),
      ...refuse(!ports.every(isPort), 'an invalid port'),
    ]
  })

const isPort = (port: unknown): boolean =>
  typeof port === 'string' && /^[1-9][0-9]*$/.test(port) && Number(port) <= 65_535

const refusedWhen = (rule: unknown): string[] =>
  listAt(rule, 'when').flatMap((condition) => [
    ...refuse(NO_CONDITIONS.test(textAt(condition, 'key')), textAt(condition, 'key')),
    ...refuse(textAt(condition, 'key') === '', 'a condition without key'),
    ...refuse(
      listAt(condition, 'values').length + listAt(condition, 'notValues').length === 0,
      'a condition without values',
    ),
  ])

/** Policies that Istio accepts, but that open or break more than they say. */
export function hazardsOf(policy: unknown): string[] {
  const operations = listAt(policy, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'to').map((to) => at(to, 'operation')),
  )
  return [
    ...refuse(at(annotationsOf(policy), DRY_RUN) !== undefined, 'dry-run is enforced as 403'),
    ...listAt(policy, 'spec', 'rules').flatMap((rule) => [
      ...refuse(
        listAt(rule, 'from').length > 0,
        'requests from other sources would not be checked',
      ),
      ...refuse(listAt(rule, 'when').length > 0, 'other requests would not be checked'),
    ]),
    ...operations.flatMap((operation) => [
      ...entriesAt(operation)
        .filter(([name]) => !SAFE_PARTS.has(name))
        .map(([name]) => `${name} leaves unlisted requests unchecked`),
      ...listAt(operation, 'notPaths')
        .map(String)
        .filter((path) => !isExact(path))
        .map((path) => `notPaths ${path} is not exact`),
      ...hostHazards(listAt(operation, 'notHosts').map(String)),
    ]),
  ]
}

const SAFE_PARTS: ReadonlySet<string> = new Set(['notPaths', 'notPorts', 'notHosts'])

const isExact = (path: string): boolean => !/[*{}]/.test(path) && isCanonicalPath(path)

/** `notHosts` also compares the port; a wildcard also excludes hosts that are routed normally. */
const hostHazards = (hosts: readonly string[]): string[] => [
  ...hosts.filter((host) => host.startsWith('*')).map((host) => `${host} is more than one host`),
  ...hosts
    .filter((host) => !/^[*]|:/.test(host) && !hosts.includes(`${host}:*`))
    .map((host) => `${host} without ${host}:*`),
]

/** Whether Istio checks an HTTP request with this path at this port, by a policy without hazards. */
export const isAsked = (policy: unknown, { path, port }: { path: string; port: number }): boolean =>
  listAt(policy, 'spec', 'rules').some((rule) => {
    const operations = listAt(rule, 'to').map((to) => at(to, 'operation'))
    const matches = (operation: unknown) =>
      !listAt(operation, 'notPaths').includes(path) &&
      !listAt(operation, 'notPorts').includes(String(port))
    return operations.length === 0 || operations.some(matches)
  })
