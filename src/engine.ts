import { hash } from 'node:crypto'
import { known } from './access/authentication.ts'
import { type Authorize, createAuthorize } from './access/authorize.ts'
import type { Caller } from './access/caller.ts'
import { credentialSources, type Presented } from './access/credential.ts'
import { createDirectory, type Directory } from './access/directory.ts'
import { exclusionsWith } from './access/exclusions.ts'
import type { AuthenticateToken } from './access/identify.ts'
import type { ServiceRef } from './access/service.ts'
import { serviceAccountCaller } from './access/service-account.ts'
import { whenKnown } from './access/soon.ts'
import type { Config } from './config.ts'
import { createEncode, type Encode } from './envoy/encode.ts'
import { jwtProviderOf, placesOf } from './identity-providers.ts'
import { type Manifests, openManifests, type TokenCaller } from './manifests/source.ts'
import type { Problem } from './resources/problem.ts'
import { type ClusterTokens, createClusterTokens } from './tokens/cluster-tokens.ts'
import { createJwtProviders, type JwtProviders } from './tokens/jwt-providers.ts'

/** What decides, wired to a source of facts; `serve` and `check` use the same. */
export type Engine = {
  readonly authorize: Authorize
  readonly encode: Encode
  readonly directory: Directory
  readonly readiness: () => readonly Readiness[]
  readonly close: () => Promise<void>
}

export type Readiness = { readonly name: string; readonly ok: boolean; readonly detail?: string }

export type EngineParts = {
  readonly config: Config
  /** The folder in place of a cluster. */
  readonly manifests: string
  readonly reportProblem: (problem: Problem) => void
  readonly reportFault: (message: string, error: unknown) => void
}

/** Reads the folder once; rejects with a ManifestsError where it cannot be read. */
export async function openEngine(parts: EngineParts): Promise<Engine> {
  const { config, manifests: folder, reportProblem } = parts
  const directory = createDirectory()
  const manifests = await openManifests({
    folder,
    directory,
    settings: { ...config, sha256: (bytes) => hash('sha256', bytes) },
    report: reportProblem,
  })
  const cluster = openClusterTokens(parts, manifests)
  const providers = createJwtProviders(config.jwt.providers.map(jwtProviderOf), {
    onFailure: (name, error) => parts.reportFault(`the keys of ${name} cannot be fetched`, error),
  })
  const authorize = createAuthorize(
    {
      directory,
      synced: () => true,
      now: Date.now,
      sha256: (text) => hash('sha256', text),
      authenticateToken: tokensOf(manifests, cluster, providers),
      permits: (caller, service) => permission(manifests, caller, service),
    },
    {
      exclusions: exclusionsWith(config.exclusions),
      credentialSources: credentialSources(
        config.apiKeys.headers,
        config.jwt.providers.flatMap(placesOf),
      ),
      corsPreflight: config.corsPreflight,
      forwardCredential: config.forwardCredential,
      trustDomain: config.mesh.trustDomain,
    },
  )
  return {
    authorize,
    encode: createEncode({ headers: config.headers, realm: config.denial.realm }),
    directory,
    readiness: () => [readinessOf(manifests)],
    close: async () => {
      cluster?.close()
      providers.close()
      await manifests.close()
    },
  }
}

function openClusterTokens(
  { config: { kubernetes }, reportFault }: EngineParts,
  { serviceAccount }: Manifests,
): ClusterTokens | undefined {
  const { issuer, audiences, jwksFile } = kubernetes
  if (issuer === null || jwksFile === null) return undefined
  return createClusterTokens(
    { issuer, audiences, jwksFile },
    {
      serviceAccount,
      onFailure: (error) => reportFault("the cluster's keys cannot be read", error),
    },
  )
}

/** In a folder every token Secret is known by its digest; other tokens must be signed. */
function tokensOf(
  manifests: Pick<Manifests, 'tokenCaller'>,
  cluster: ClusterTokens | undefined,
  providers: JwtProviders,
): AuthenticateToken {
  const callers = new Map<string, Caller>()
  return ({ value, asToken, places }: Presented, digest) => {
    const holder = asToken ? manifests.tokenCaller(digest) : undefined
    if (holder !== undefined) return known(remembered(callers, holder))
    const ofCluster = asToken ? cluster?.authenticate(value, digest) : undefined
    return whenKnown(
      ofCluster,
      (authentication) => authentication ?? providers.authenticate(value, digest, places),
    )
  }
}

/** One object for each ServiceAccount, so that its encoded answer is found again. */
function remembered(callers: Map<string, Caller>, holder: TokenCaller): Caller {
  const { namespace, serviceAccount, uid } = holder
  const key = `${namespace}/${serviceAccount} ${uid ?? ''}`
  const caller = callers.get(key) ?? serviceAccountCaller(namespace, serviceAccount, uid)
  if (callers.size >= MAX_CALLERS) callers.clear()
  callers.set(key, caller)
  return caller
}

const MAX_CALLERS = 10_000

const RESOURCES = {
  InferenceService: 'inferenceservices',
  InferenceGraph: 'inferencegraphs',
  LLMInferenceService: 'llminferenceservices',
} as const satisfies Record<ServiceRef['kind'], string>

const permission = (
  { mayGet }: Pick<Manifests, 'mayGet'>,
  { user, groups }: Caller,
  { kind, namespace, name }: ServiceRef,
) =>
  mayGet(
    { name: user, groups },
    { group: 'serving.kserve.io', resource: RESOURCES[kind], namespace, name },
  )
    ? 'yes'
    : 'no'

function readinessOf({ state }: Pick<Manifests, 'state'>): Readiness {
  const { files, unreadable } = state()
  const detail =
    unreadable.length === 0 ? `${files} files` : `cannot be read: ${unreadable.join(', ')}`
  return { name: 'manifests', ok: true, detail }
}
