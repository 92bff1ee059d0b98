// Composes everything that is read from a folder of manifests.

import { known, rejected } from '../access/authentication.ts'
import { type Caller, groupsOf, type NamedCaller } from '../access/caller.ts'
import type { Directory } from '../access/directory.ts'
import type { AuthenticateToken } from '../access/identify.ts'
import { queueKeyOf } from '../access/queue-key.ts'
import type { ServiceRef } from '../access/service.ts'
import { serviceAccountCaller } from '../access/service-account-caller.ts'
import { type Cache, type CacheBounds, createCache } from '../common/cache.ts'
import type { RbacUser } from '../manifests/rbac-authorizer.ts'
import { type Manifests, openManifests, type TokenCaller } from '../manifests/source.ts'
import { declaredInVain } from '../resources/declared-routes.ts'
import type { ReadSettings } from '../resources/read-settings.ts'
import { type ClusterTokens, createClusterTokens } from '../tokens/cluster-tokens.ts'
import type { FactSource, ResourceState, SharedSourceParts } from './fact-source.ts'
import { NO_READERS } from './metrics-readers.ts'

/** Reads a folder and follows its changes. Rejects with a ManifestsError if it cannot be read. */
export async function openFolderSource(
  folder: string,
  directory: Directory,
  settings: ReadSettings,
  parts: SharedSourceParts,
): Promise<FactSource> {
  const report = parts.reportProblem
  const manifests = await openManifests({ folder, directory, settings, report })
  for (const problem of declaredInVain(parts.config.gateways.hosts, isKnownIn(directory)))
    report(problem)
  const signed = openSignedTokens(manifests, parts)
  return {
    synced: () => true,
    authenticateToken: tokensOf(manifests, signed, parts.config.kubernetes.audiences),
    permits: permissionsOf(manifests),
    metricsReaders: NO_READERS,
    grantees: manifests.grantees,
    resources: () => [stateOf(manifests)],
    heardAt: () => manifests.state().lookedAt,
    revokesInstantly: () => true,
    caches: () => [],
    close: async () => {
      signed?.close()
      await manifests.close()
    },
  }
}

const isKnownIn =
  ({ servicesNamed }: Directory) =>
  (service: ServiceRef) =>
    servicesNamed(service).length > 0

function openSignedTokens(
  { serviceAccount }: Manifests,
  { config, reportFault, verifications, decodeToken }: SharedSourceParts,
): ClusterTokens | undefined {
  const { issuer, jwksFile } = config.kubernetes
  if (issuer === null || jwksFile === null) return undefined
  return createClusterTokens(
    { issuer, jwksFile },
    {
      serviceAccount,
      createCache,
      verifications,
      decode: decodeToken,
      onFailure: (error) => reportFault("the cluster's keys cannot be read", error),
    },
  )
}

/** Tokens in Secrets are found by digest; other tokens need a valid signature. */
function tokensOf(
  manifests: Pick<Manifests, 'tokenCaller'>,
  signed: ClusterTokens | undefined,
  configured: readonly string[],
): AuthenticateToken {
  const callers: Cache<Caller> = createCache(CALLERS)
  return ({ value, asToken }, digest, { service }, audiences = configured) => {
    if (!asToken) return undefined
    const holder = manifests.tokenCaller(digest)
    if (holder === undefined) {
      return signed?.authenticate(value, digest, audiences, queueKeyOf(service))
    }
    // A token in a Secret has no audience: it counts as issued for the installation's audiences.
    return audiences.some((audience) => configured.includes(audience))
      ? known(remembered(callers, holder))
      : rejected('wrong-audience')
  }
}

/** One object per ServiceAccount, so that its encoded answer can be reused. */
function remembered(callers: Cache<Caller>, holder: TokenCaller): Caller {
  const { namespace, serviceAccount, uid } = holder
  const key = `${namespace}/${serviceAccount} ${uid ?? ''}`
  const caller = callers.get(key) ?? serviceAccountCaller(namespace, serviceAccount, uid)
  callers.set(key, caller, CALLER_MS, { size: key.length, holder: namespace })
  return caller
}

export const CALLERS: CacheBounds = { entries: 10_000, bytes: 4 * 1024 * 1024 }
const CALLER_MS = 24 * 60 * 60_000

/** Uses one object per user, so that cached verdicts are found. */
function permissionsOf({ allows }: Pick<Manifests, 'allows'>): FactSource['permits'] {
  const users = new WeakMap<NamedCaller, RbacUser>()
  return (caller, _service, attributes) => {
    const user = users.get(caller) ?? { name: caller.user, groups: groupsOf(caller) }
    users.set(caller, user)
    return allows(user, attributes) ? 'yes' : 'no'
  }
}

function stateOf({ state }: Pick<Manifests, 'state'>): ResourceState {
  const { unreadable, lookedAt: heardAt } = state()
  const detail = unreadable.length === 0 ? '' : `cannot be read: ${unreadable.join(', ')}`
  return { resource: 'manifests', synced: true, restarts: 0, heardAt, detail }
}
