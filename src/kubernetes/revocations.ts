import { type Accounts, createAccounts, UNWATCHED } from './accounts.ts'
import type { ApiServer } from './api-server.ts'
import { accountCollections, rbacCollections } from './collections.ts'
import { createRbacChanges, NO_CHANGES, type RbacChanges } from './rbac-changes.ts'
import { type CollectionState, type Followed, followCluster } from './source.ts'

/** What is watched so that a revoked credential ends at once. */
export type Revocations = {
  readonly accounts: Accounts
  readonly changes: Pick<RbacChanges, 'count' | 'age'>
  readonly synced: () => boolean
  /** Whether all of it shows the cluster as it is now, as far as is known. */
  readonly current: () => boolean
  readonly states: () => readonly CollectionState[]
  readonly close: () => Promise<void>
}

/**
 * Follows ServiceAccounts, token Secrets, Roles and bindings: of these namespaces, or of all if none is named.
 * Where some are named, what is of the whole cluster is not watched.
 */
export function followRevocations(
  api: ApiServer,
  namespaces: readonly string[],
  failed: (resource: string, message: string) => void,
): Revocations {
  const scope = { namespaces, apiKeyLabels: {} }
  const accounts = createAccounts(namespaces)
  const changes = createRbacChanges(() => cluster.synced())
  const followed: readonly Followed[] = [
    ...accountCollections(scope).map((collection) => ({
      collection,
      keeper: collection.kind === 'ServiceAccount' ? accounts.accounts : accounts.secrets,
    })),
    ...rbacCollections(scope).map((collection) => ({ collection, keeper: changes.keeper })),
  ]
  const cluster = followCluster({ api, followed, failed })
  const { synced, states, close } = cluster
  const isCurrent = (state: CollectionState) => state.following && state.problem === ''
  return { accounts, changes, synced, states, close, current: () => states().every(isCurrent) }
}

/** Nothing is watched: what is remembered ends with its time. */
export const NO_REVOCATIONS: Revocations = {
  accounts: UNWATCHED,
  changes: NO_CHANGES,
  synced: () => true,
  current: () => false,
  states: () => [],
  close: () => Promise.resolve(),
}
