// Composes the decision, its encoder and its source of facts.

import { hash } from 'node:crypto'
import type { Answer, Authorize, Note } from '../access/answer.ts'
import { createAuthorize } from '../access/authorize.ts'
import { createDirectory, type Directory } from '../access/directory.ts'
import { createEffectivePolicies, type EffectivePolicies } from '../access/effective-policies-of.ts'
import type { AuthenticateToken } from '../access/identify.ts'
import { createJudge } from '../access/judge.ts'
import type { AccessRequest } from '../access/request.ts'
import type { Service } from '../access/service.ts'
import type { Target } from '../access/target.ts'
import { createCache } from '../common/cache.ts'
import { andThen, type MaybePromise } from '../common/maybe-promise.ts'
import type { CacheCounts } from '../common/measurements.ts'
import { createEncode, type Encode } from '../envoy/encode.ts'
import { createReplies } from '../envoy/replies.ts'
import { declaredTwice } from '../resources/declared-routes.ts'
import { createDecodeToken } from '../tokens/decode-token.ts'
import { createIdentityProviders, type IdentityProviders } from '../tokens/identity-providers.ts'
import { createIntrospectionProviders } from '../tokens/introspection-providers.ts'
import { createJwtProviders, type JwtProviders } from '../tokens/jwt-providers.ts'
import { assuming, withAssumedKeys } from './assumed.ts'
import { settingsOf } from './decision-settings.ts'
import { boundsIn, createFreshness, type Freshness } from './fact-freshness.ts'
import type { FactSource, FactSourceParts, ResourceState } from './fact-source.ts'
import { introspectionProvidersIn, jwtProvidersIn } from './identity-providers.ts'
import { openSource } from './open-source.ts'
import { createVerifications } from './verifications.ts'

/** The decision, wired to its source of facts; used by `serve` and `check`. */
export type Engine = {
  readonly authorize: Authorize
  /** Decides about a service, however it was found. */
  readonly judge: (
    request: AccessRequest,
    service: Service,
    note: Note | undefined,
  ) => MaybePromise<Answer>
  readonly effectivePoliciesOf: (service: Service) => EffectivePolicies
  readonly grantees: FactSource['grantees']
  readonly encode: Encode
  readonly directory: Directory
  readonly permits: FactSource['permits']
  readonly metricsReaders: FactSource['metricsReaders']
  readonly synced: () => boolean
  readonly resources: () => readonly ResourceState[]
  readonly stale: Freshness['stale']
  /** Milliseconds since the keys of each identity provider were fetched; `undefined`: never. */
  readonly keyAges: JwtProviders['keyAges']
  readonly caches: () => readonly CacheCounts[]
  /** Whether revocations take effect immediately, not only when cache entries expire. */
  readonly revokesInstantly: () => boolean
  /** The numbers of protected services that no proxy asks about; absent: it is not watched. */
  readonly unguarded: FactSource['unguarded']
  readonly guardOf: FactSource['guardOf']
  readonly close: () => Promise<void>
}

/** Opens the folder or the cluster. Rejects if the folder cannot be read or no cluster is configured. */
export async function openEngine(parts: FactSourceParts): Promise<Engine> {
  const { config } = parts
  const directory = createDirectory(() => performance.now())
  const verifications = createVerifications(parts)
  const decodeToken = createDecodeToken()
  declaredTwice(config.gateways.hosts).forEach(parts.reportProblem)
  const effectivePoliciesOf = createEffectivePolicies(directory)
  const isProtected = (service: Service) =>
    effectivePoliciesOf(service).enforced.protection !== 'open'
  const source = await openSource(directory, {
    ...parts,
    verifications,
    decodeToken,
    isProtected,
  })
  const jwts = createJwtProviders(jwtProvidersIn(config, parts.proxies), {
    createCache,
    onFailure: (name, error) =>
      parts.reportFault(`problem with the keys of identity provider ${name}`, error),
    onLeftOut: (name, keys) => parts.reportFault(`some keys of ${name} are not used`, keys),
    onOddGroups: (name, count) => parts.observeOddGroups?.(name, count),
    onFetched: (result, seconds) =>
      parts.observeDependency?.({ dependency: 'jwks', result, seconds }),
    verifications,
  })
  const introspected = createIntrospectionProviders(
    introspectionProvidersIn(config, parts.proxies),
    {
      createCache,
      onProblem: (name, problem) =>
        parts.reportFault(`problem with the introspection of identity provider ${name}`, problem),
      onOddGroups: (name, count) => parts.observeOddGroups?.(name, count),
      observer: {
        asked: (asked) => parts.observeDependency?.(asked),
        shed: (cause) => parts.observeShed?.(cause),
      },
    },
  )
  const providers = createIdentityProviders(jwts, introspected, decodeToken)
  const freshness = createFreshness(source.heardAt, boundsIn(config))
  const sources = {
    directory: withAssumedKeys(parts.inspection?.assumed ?? [], directory),
    synced: source.synced,
    isFresh: freshness.isFresh,
    now: Date.now,
    sha256: (text: string) => hash('sha256', text),
    authenticateToken: assuming(parts.inspection?.assumed ?? [], firstOf(source, providers)),
    permits: source.permits,
    grants: source.grants,
  }
  const replies = createReplies()
  const settings = settingsOf(config)
  const judge = createJudge(sources, settings, effectivePoliciesOf)
  return {
    authorize: createAuthorize(sources, settings),
    judge: (request, service, note) => {
      const target: Target = {
        service,
        position: request.position,
        workload: undefined,
        pathPrefix: '',
      }
      return judge(request, target, effectivePoliciesOf(service).enforced, note)
    },
    effectivePoliciesOf,
    grantees: source.grantees,
    encode: createEncode({
      headers: config.headers,
      realm: config.denial.realm,
      cors: config.cors,
      apiKeys: config.apiKeys,
      onLeftOut: (value, cause) => parts.observeLeftOut?.(value, cause),
      replies,
    }),
    directory,
    permits: source.permits,
    metricsReaders: source.metricsReaders,
    synced: source.synced,
    resources: source.resources,
    stale: freshness.stale,
    keyAges: jwts.keyAges,
    caches: () => [
      { cache: 'jwt', ...jwts.cacheCounts() },
      { cache: 'introspection', ...introspected.cacheCounts() },
      { cache: 'replies', ...replies.counts() },
      ...source.caches(),
    ],
    revokesInstantly: source.revokesInstantly,
    unguarded: source.unguarded,
    guardOf: source.guardOf,
    close: async () => {
      jwts.close()
      await source.close()
    },
  }
}

/** A token that is unknown to the source may be an identity provider's. A cached one is not read again. */
const firstOf =
  (source: FactSource, providers: IdentityProviders): AuthenticateToken =>
  (credential, digest, asker, audiences) =>
    providers.remembered(digest, credential.places) ??
    andThen(
      source.authenticateToken(credential, digest, asker, audiences),
      (authentication) =>
        authentication ??
        providers.authenticate(
          { token: credential.value, digest, places: credential.places },
          asker,
        ),
    )
