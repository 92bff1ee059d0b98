import type { ApiServer } from '../client/api-server.ts'
import { type InformerSpec, type InformerState, startInformers } from '../watch/informers.ts'
import { accountCollections, rbacCollections } from '../watch/watched-kinds.ts'
import { createRbacGeneration, NO_CHANGES, type RbacGeneration } from './rbac-generation.ts'
import { createTokenOwners, type TokenOwners, UNWATCHED } from './token-owners.ts'

/** What is watched so that a revoked credential ends at once. */
export type Revocations = {
  readonly accounts: TokenOwners
  readonly changes: Pick<RbacGeneration, 'generation' | 'age'>
  readonly synced: () => boolean
  /** Whether all of it shows the cluster as it is now, as far as is known. */
  readonly current: () => boolean
  readonly states: () => readonly InformerState[]
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
  const accounts = createTokenOwners(namespaces)
  const changes = createRbacGeneration(() => cluster.synced())
  const followed: readonly InformerSpec[] = [
    ...accountCollections(scope).map((collection) => ({
      collection,
      handler: collection.kind === 'ServiceAccount' ? accounts.accounts : accounts.secrets,
    })),
    ...rbacCollections(scope).map((collection) => ({ collection, handler: changes.handler })),
  ]
  const cluster = startInformers({ api, followed, failed })
  const { synced, states, close } = cluster
  const isCurrent = (state: InformerState) => state.following && state.problem === ''
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
