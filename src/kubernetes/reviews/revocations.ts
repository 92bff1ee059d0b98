// Watches the objects whose changes revoke tokens and permissions.

import type { ApiServer } from '../client/api-server.ts'
import {
  type InformerOptions,
  type InformerSpec,
  type InformerState,
  startInformers,
} from '../watch/informers.ts'
import { accountCollections, rbacCollections } from '../watch/watched-kinds.ts'
import { createRbacGeneration, NO_CHANGES, type RbacGeneration } from './rbac-generation.ts'
import { createTokenOwners, type TokenOwners, UNWATCHED } from './token-owners.ts'

/** The watches that make revocations take effect immediately. */
export type Revocations = {
  readonly accounts: TokenOwners
  readonly changes: Pick<RbacGeneration, 'generation' | 'age'>
  readonly synced: () => boolean
  /** Whether all watches show the current state, as far as known. */
  readonly current: () => boolean
  readonly states: () => readonly InformerState[]
  readonly close: () => Promise<void>
}

/**
 * Watches ServiceAccounts, token Secrets, Roles and bindings of these namespaces, or of all if none is named.
 * If some are named, cluster-wide objects are not watched.
 */
export function followRevocations(
  api: ApiServer,
  namespaces: readonly string[],
  failed: InformerOptions['failed'],
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

/** Nothing is watched: cached answers expire with their TTL. */
export const NO_REVOCATIONS: Revocations = {
  accounts: UNWATCHED,
  changes: NO_CHANGES,
  synced: () => true,
  current: () => false,
  states: () => [],
  close: () => Promise.resolve(),
}
