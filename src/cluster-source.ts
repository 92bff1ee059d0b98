import type { Directory } from './access/directory.ts'
import type { Audiences, AuthenticateToken } from './access/identify.ts'
import { createCache } from './caches/lru.ts'
import type { Config } from './config.ts'
import type { EngineParts } from './engine.ts'
import type { FactSource } from './fact-source.ts'
import { type AccessReviews, createAccessReviews } from './kubernetes/access-review.ts'
import { type Accounts, createAccounts } from './kubernetes/accounts.ts'
import { type ApiServer, createApiServer } from './kubernetes/api-server.ts'
import {
  type AuthenticateInCluster,
  createClusterAuthentication,
} from './kubernetes/cluster-authentication.ts'
import {
  accountCollections,
  type KindCollection,
  rbacCollections,
  servingCollections,
} from './kubernetes/collections.ts'
import { createEvents, type Events } from './kubernetes/events.ts'
import { discoverIssuer } from './kubernetes/issuer.ts'
import { loadKubeConfig } from './kubernetes/kube-config.ts'
import { perAudiences } from './kubernetes/per-audiences.ts'
import { createServing } from './kubernetes/serving.ts'
import { type Followed, followCluster } from './kubernetes/source.ts'
import { createTokenReviews } from './kubernetes/token-review.ts'
import type { ReadSettings } from './resources/settings.ts'
import { readUnverified } from './tokens/unverified.ts'

/** For an object that was just made: below the deadline of an answer, in milliseconds. */
const WAIT_MS = 300

/** Follows the cluster of the kubeconfig or of the pod; throws where there is none. */
export function openClusterSource(
  directory: Directory,
  settings: ReadSettings,
  parts: EngineParts,
): FactSource {
  const { config, reportProblem, reportFault } = parts
  const stop = new AbortController()
  const kubeConfig = loadKubeConfig()
  // Watches and questions do not wait for each other's connections.
  const [watching, asking] = [createApiServer(kubeConfig), createApiServer(kubeConfig)]
  const events = createEvents(asking, (error) => reportFault('event not written', error))
  const reviews = createAccessReviews(asking, createCache)
  const accounts = config.kubernetes.instantRevocation
    ? createAccounts(config.kubernetes.namespaces)
    : undefined
  const cluster = followCluster({
    api: watching,
    followed: [
      ...servingOf(directory, settings, config, events, reportProblem),
      ...(accounts === undefined ? [] : revocationOf(accounts, reviews, config)),
    ],
    failed: (resource, message) => parts.reportOutage(resource, message),
  })
  const authenticate = authenticationOf(asking, accounts, config, stop.signal)
  return {
    synced: cluster.synced,
    authenticateToken: tokensOf(authenticate),
    permits: reviews.permits,
    resources: () =>
      cluster.states().map(({ problem, present, ...state }) => ({
        ...state,
        detail: present ? problem : 'the cluster has no such kind',
      })),
    close: async () => {
      stop.abort()
      events.close()
      await cluster.close()
      for (const api of [watching, asking]) api.close()
    },
  }
}

const scopeOf = ({ kubernetes, apiKeys }: Config) => ({
  namespaces: kubernetes.namespaces,
  apiKeyLabels: apiKeys.selector.matchLabels,
})

const servingOf = (
  directory: Directory,
  settings: ReadSettings,
  config: Config,
  events: Events,
  reportProblem: EngineParts['reportProblem'],
): readonly Followed[] =>
  servingCollections(scopeOf(config)).map((collection) => ({
    collection,
    keeper: createServing(collection, {
      directory,
      settings: () => settings,
      report: (problem, object) => {
        reportProblem(problem)
        events.warn(problem, object)
      },
    }),
  }))

/** What is watched so that a revoked credential ends at once. */
function revocationOf(
  accounts: Accounts,
  reviews: AccessReviews,
  config: Config,
): readonly Followed[] {
  const forget = (key: string) => reviews.forget(key.slice(0, key.indexOf('/')))
  const permissions = { put: ({ key }: { readonly key: string }) => forget(key), remove: forget }
  const keeperOf = ({ kind }: KindCollection) =>
    kind === 'ServiceAccount' ? accounts.accounts : accounts.secrets
  return [
    ...accountCollections(scopeOf(config)).map((collection) => ({
      collection,
      keeper: keeperOf(collection),
    })),
    ...rbacCollections(scopeOf(config)).map((collection) => ({ collection, keeper: permissions })),
  ]
}

function authenticationOf(
  api: ApiServer,
  accounts: Accounts | undefined,
  { kubernetes }: Config,
  signal: AbortSignal,
): AuthenticationFor {
  const { issuer, opaqueTokenPrefixes } = kubernetes
  const issuerNow = issuer === null ? discoverIssuer(api, signal) : () => issuer
  return perAudiences(kubernetes.audiences, (audiences) =>
    createClusterAuthentication({
      reviews: createTokenReviews(api, audiences, createCache),
      accounts,
      audiences,
      opaquePrefixes: opaqueTokenPrefixes,
      issuer: issuerNow,
      inspect: readUnverified,
      waitMs: WAIT_MS,
    }),
  )
}

/** A policy may ask for audiences of its own. */
type AuthenticationFor = (audiences: Audiences) => AuthenticateInCluster

const tokensOf =
  (authenticationFor: AuthenticationFor): AuthenticateToken =>
  ({ value, asToken }, digest, _asker, audiences) =>
    asToken ? authenticationFor(audiences)(value, digest) : undefined
