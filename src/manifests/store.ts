import type { Directory } from '../access/directory.ts'
import { idOf } from '../access/service.ts'
import { createTable, type Table } from '../common/table.ts'
import { sharedClaims } from '../resources/conflicts.ts'
import type { Problem } from '../resources/problem.ts'
import type { Resource } from '../resources/resource.ts'
import type { ServiceAccount } from '../resources/service-account.ts'
import type { TokenSecret } from '../resources/token-secret.ts'
import { createRbac, type Rbac } from './rbac-authorizer.ts'

/** Everything that is in force, and how a resource comes to be. */
export type ManifestStore = {
  /** Puts `next` in force in place of `previous`: what stays is never missing. */
  readonly replace: (id: string, previous: Resource | undefined, next: Resource | undefined) => void
  /** What other services claim of what this one does. */
  readonly sharedBy: (resource: Resource) => readonly Problem[]
  /** The Secrets, `namespace/name`, with the same key or token as this one; none of them is known by it. */
  readonly repeatersOf: (resource: Resource) => readonly string[]
  readonly tokensWith: (digest: string) => readonly TokenSecret[]
  readonly serviceAccount: (namespace: string, name: string) => ServiceAccount | undefined
  readonly allows: Rbac['allows']
}

type Tables = Pick<Directory, 'services' | 'workloads' | 'proxies' | 'keys' | 'policies'> & {
  readonly tokens: Table<TokenSecret>
  readonly accounts: Map<string, ServiceAccount>
  readonly rbac: Rbac
}

export function createManifestStore(
  directory: Pick<
    Directory,
    'services' | 'workloads' | 'proxies' | 'keys' | 'policies' | 'keysWith' | 'servicesRoutedBy'
  >,
): ManifestStore {
  const tokens = createTable<TokenSecret>(({ digest }) => [digest])
  const accounts = new Map<string, ServiceAccount>()
  const rbac = createRbac()
  const tables: Tables = { ...directory, tokens, accounts, rbac }

  return {
    replace: (id, previous, next) => {
      const taken = next === undefined ? [] : holdingsOf(id, next, tables)
      for (const { put } of taken) put()
      const places = new Set(taken.map(({ place }) => place))
      for (const { place, remove } of previous === undefined
        ? []
        : holdingsOf(id, previous, tables))
        if (!places.has(place)) remove()
    },
    sharedBy: (resource) =>
      resource.kind === 'service' ? sharedClaims(resource.service, directory) : [],
    repeatersOf: (resource) => {
      const secrets = secretsLike(resource, directory, tokens)
      return secrets.length > 1 ? secrets : []
    },
    tokensWith: tokens.find,
    serviceAccount: (namespace, name) => accounts.get(accountId(namespace, name)),
    allows: rbac.allows,
  }
}

/** One place in one table that a resource takes. */
type Holding = { readonly place: string; readonly put: () => void; readonly remove: () => void }

function holdingsOf(id: string, resource: Resource, tables: Tables): readonly Holding[] {
  const { services, workloads, proxies, keys, policies, tokens, accounts, rbac } = tables
  switch (resource.kind) {
    case 'service':
      return [holdingIn(services, id, resource.service)]
    case 'workloads':
      return [
        ...resource.proxies.map((proxy) => holdingIn(proxies, `proxy ${id}`, proxy)),
        ...resource.workloads.map((workload) =>
          holdingIn(workloads, `${id} ${idOf(workload.service)}`, workload),
        ),
      ]
    case 'api-key':
      return [holdingIn(keys, `key ${id}`, resource.key)]
    case 'policy':
      return [holdingIn(policies, id, resource.policy)]
    case 'token':
      return [holdingIn(tokens, `token ${id}`, resource.token)]
    case 'service-account': {
      const { account } = resource
      const place = accountId(account.namespace, account.name)
      const put = () => void accounts.set(place, account)
      return [{ place, put, remove: () => void accounts.delete(place) }]
    }
    case 'role': {
      const { role } = resource
      return [{ place: id, put: () => rbac.putRole(role), remove: () => rbac.removeRole(role) }]
    }
    case 'binding': {
      const { binding } = resource
      const put = () => rbac.putBinding(binding)
      return [{ place: id, put, remove: () => rbac.removeBinding(binding) }]
    }
    case 'llm-config':
    case 'kserve-configuration':
    case 'ignored':
      return []
  }
}

const holdingIn = <T>(
  table: Pick<Table<T>, 'put' | 'remove'>,
  place: string,
  value: T,
): Holding => ({ place, put: () => table.put(place, value), remove: () => table.remove(place) })

const accountId = (namespace: string, name: string) => `${namespace}/${name}`

function secretsLike(
  resource: Resource,
  { keysWith }: Pick<Directory, 'keysWith'>,
  tokens: Table<TokenSecret>,
): readonly string[] {
  switch (resource.kind) {
    case 'api-key': {
      const { namespace, digest } = resource.key
      return keysWith(namespace, digest).map(({ name }) => `${namespace}/${name}`)
    }
    case 'token':
      return tokens
        .find(resource.token.digest)
        .map(({ namespace, secretName }) => `${namespace}/${secretName}`)
    default:
      return []
  }
}
