// Adds and removes resources in the tables of the directory.

import type { Directory } from '../access/directory.ts'
import { createTable, type Table } from '../common/table.ts'
import { opensNothing, sharedRoutes } from '../resources/conflicts.ts'
import {
  type DirectoryTables,
  type Holding,
  holdingsIn,
  replaceHoldings,
  tableHolding,
} from '../resources/holdings.ts'
import type { Resource } from '../resources/kinds.ts'
import type { Problem } from '../resources/problem.ts'
import type { ServiceAccount } from '../resources/service-account.ts'
import type { TokenSecret } from '../resources/token-secret.ts'
import { createRbac, type Rbac } from './rbac-authorizer.ts'

/** The resources in force. */
export type ManifestStore = {
  /** Replaces `previous` with `next`, without a gap for what stays. */
  readonly replace: (id: string, previous: Resource | undefined, next: Resource | undefined) => void
  /** The problems of this object with others: shared routes of a service, and services that a key names in vain. */
  readonly problemsWith: (resource: Resource) => readonly Problem[]
  /** The Secrets (`namespace/name`) with the same key or token; none of them is accepted then. */
  readonly repeatersOf: (resource: Resource) => readonly string[]
  readonly tokensWith: (digest: string) => readonly TokenSecret[]
  readonly serviceAccount: (namespace: string, name: string) => ServiceAccount | undefined
  readonly allows: Rbac['allows']
  readonly grantees: Rbac['grantees']
}

type Tables = {
  readonly directory: DirectoryTables
  readonly tokens: Table<TokenSecret>
  readonly accounts: Map<string, ServiceAccount>
  readonly rbac: Rbac
}

const IGNORED: Resource = { kind: 'ignored' }

export function createManifestStore(
  directory: DirectoryTables & Pick<Directory, 'keysWith' | 'servicesNamed' | 'servicesRoutedBy'>,
): ManifestStore {
  const tokens = createTable<TokenSecret>(({ digest }) => [digest])
  const accounts = new Map<string, ServiceAccount>()
  const rbac = createRbac()
  const tables: Tables = { directory, tokens, accounts, rbac }

  return {
    replace: (id, previous = IGNORED, next = IGNORED) =>
      replaceHoldings(holdingsOf(id, previous, tables), holdingsOf(id, next, tables)),
    problemsWith: (resource) => {
      if (resource.kind === 'service') return sharedRoutes(resource.service, directory)
      return resource.kind === 'api-key' ? opensNothing(resource.key, directory) : []
    },
    repeatersOf: (resource) => {
      const secrets = secretsLike(resource, directory, tokens)
      return secrets.length > 1 ? secrets : []
    },
    tokensWith: tokens.find,
    serviceAccount: (namespace, name) => accounts.get(accountId(namespace, name)),
    allows: rbac.allows,
    grantees: rbac.grantees,
  }
}

function holdingsOf(id: string, resource: Resource, tables: Tables): readonly Holding[] {
  const { directory, tokens, accounts, rbac } = tables
  switch (resource.kind) {
    case 'token':
      return [tableHolding(tokens, `token ${id}`, resource.token)]
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
    case 'service':
    case 'workloads':
    case 'api-key':
    case 'policy':
    case 'route':
    case 'llm-config':
    case 'kserve-configuration':
    case 'ignored':
      return holdingsIn(directory, id, resource)
  }
}

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
