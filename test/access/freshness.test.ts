import { describe, expect, it } from 'vitest'
import { known } from '../../src/access/authentication.ts'
import { CREDENTIAL_KINDS, type CredentialKind } from '../../src/access/caller.ts'
import {
  FACTS,
  type Fact,
  LIMITS_OF,
  STALENESS_LIMITS,
  type StalenessLimit,
} from '../../src/access/freshness.ts'
import type { AccessRequest } from '../../src/access/request.ts'
import {
  aCaller,
  aGatewayRoute,
  anApiKey,
  anAuthorize,
  aRequest,
  aService,
  atPod,
  aWorkload,
  BOUND,
  TOKENS,
  type World,
} from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
const OWN = 'spiffe://cluster.local/ns/team/sa/iris-sa'
const JWT = aCaller({ kind: 'jwt', provider: 'issuer', claims: {} })

const WORLD: World = {
  services: [
    aService(),
    aService({ name: 'free', protection: 'open', urls: ['free.example.com'] }),
  ],
  workloads: [
    aWorkload(),
    aWorkload({
      name: 'free-predictor-0',
      addresses: ['10.0.0.2'],
      service: { kind: 'InferenceService', namespace: 'team', name: 'free' },
    }),
    aWorkload({ name: 'iris-transformer-0', addresses: ['10.0.0.3'], component: 'transformer' }),
  ],
  keys: [anApiKey()],
  tokens: new Map([...TOKENS, ['jwt', known(JWT)]]),
}

/** Facts that are older than their bound. */
type Old = readonly (readonly [fact: Fact, bound: StalenessLimit])[]

async function verdictOf(request: AccessRequest, old: Old, world: World = {}) {
  const isFresh = (fact: Fact, bound: StalenessLimit) =>
    !old.some(([each, longest]) => each === fact && longest === bound)
  const { decision } = await anAuthorize({ ...WORLD, ...world, isFresh })(request)
  return decision.outcome === 'allow' ? 'allow' : decision.reason
}

const OPEN_POD = atPod({ host: 'free.example.com', destination: { address: '10.0.0.2' } })
const OPEN_HOST = aRequest({ host: 'free.example.com' })
const HEALTH = { method: 'GET', path: '/healthz' }
const PREFLIGHT = {
  method: 'OPTIONS',
  headers: { origin: 'https://a.example.com', 'access-control-request-method': 'POST' },
}

type Allowed = {
  readonly request: AccessRequest
  readonly world?: World
  /** The facts that a request depends on, each with its bound and its denial without it. */
  readonly rests: Readonly<Record<string, string>>
}

const RESTS = {
  'services object': 'unknown-target',
  'policies object': 'authorization-unavailable',
}
const KEY_RESTS = { ...RESTS, 'keys object': 'authentication-unavailable' }
/** The address of the pod, for a request without and with a valid credential. */
const AT_OPEN_POD = { 'pods address': 'unknown-target' }
const AT_POD = { 'pods object': 'unknown-target' }
const KEY = bearer('iris-key-0123456789')
/** The backends of the gateway's route, for a request without and with a valid credential. */
const BY_OPEN_ROUTE = { 'routes address': 'unknown-target' }
const BY_ROUTE = { 'routes object': 'unknown-target' }
const routedTo = (protection: 'open' | 'protected') => ({
  services: [aService({ protection, urls: ['iris-predictor.team'] })],
  routes: [aGatewayRoute()],
})
const PROVEN = { destination: { principal: OWN } }
const policies = (spec: unknown) => ({ policies: [policyOf(spec)] })

const ALLOWED: Readonly<Record<string, Allowed>> = {
  'an open service at a gateway': { request: OPEN_HOST, rests: RESTS },
  'the pod of an open service': { request: OPEN_POD, rests: { ...RESTS, ...AT_OPEN_POD } },
  'the pod of an open service that presents a certificate': {
    request: atPod({
      host: 'free.example.com',
      destination: { address: '10.0.0.2', principal: OWN },
    }),
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'an excluded path at a gateway': { request: aRequest(HEALTH), rests: RESTS },
  'an excluded path at a pod': { request: atPod(HEALTH), rests: { ...RESTS, ...AT_OPEN_POD } },
  'a path that a policy excludes': {
    request: aRequest({ method: 'GET', path: '/docs' }),
    world: policies({ exclusions: [{ path: '/docs' }] }),
    rests: RESTS,
  },
  'a path that a policy excludes, at a pod': {
    request: atPod({ method: 'GET', path: '/docs', headers: KEY }),
    world: policies({ exclusions: [{ path: '/docs' }] }),
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'a CORS preflight at a gateway': {
    request: aRequest(PREFLIGHT),
    world: { settings: { corsPreflight: 'allow' } },
    rests: RESTS,
  },
  'a CORS preflight at a pod': {
    request: atPod(PREFLIGHT),
    world: { settings: { corsPreflight: 'allow' } },
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'a service in shadow': {
    request: aRequest(),
    world: { services: [aService({ shadow: true })] },
    rests: RESTS,
  },
  'the pod of a service in shadow': {
    request: atPod({ headers: KEY }),
    world: { services: [aService({ shadow: true })] },
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'anonymous callers of a policy': {
    request: aRequest(),
    world: policies({ authentication: { anonymous: {} }, allow: [{}] }),
    rests: RESTS,
  },
  'anonymous callers of a policy at a pod that presents its certificate': {
    request: atPod(PROVEN),
    world: policies({ authentication: { anonymous: {} }, allow: [{}] }),
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'a sibling component': {
    request: atPod({ ...PROVEN, source: { address: '10.0.0.3', principal: OWN } }),
    rests: { ...RESTS, ...AT_OPEN_POD },
  },
  'a mesh peer of a policy': {
    request: atPod({ ...PROVEN, source: { principal: 'spiffe://cluster.local/ns/a/sa/b' } }),
    world: policies({ authentication: { mesh: {} }, allow: [{}] }),
    rests: { ...RESTS, ...AT_POD },
  },
  'an API key at a gateway': { request: aRequest({ headers: KEY }), rests: KEY_RESTS },
  'an API key at a pod that presents its certificate': {
    request: atPod({ ...PROVEN, headers: KEY }),
    rests: { ...KEY_RESTS, ...AT_POD },
  },
  'an API key at a pod without a certificate': {
    request: atPod({ headers: KEY }),
    rests: { ...KEY_RESTS, ...AT_POD },
  },
  'a token of the cluster at a gateway': {
    request: aRequest({ headers: bearer('reader-token') }),
    rests: RESTS,
  },
  'a token of the cluster at a pod': {
    request: atPod({ headers: bearer('reader-token') }),
    rests: { ...RESTS, ...AT_POD },
  },
  'an open service on the route that a gateway names': {
    request: aRequest({ binding: BOUND }),
    world: routedTo('open'),
    rests: { ...RESTS, ...BY_OPEN_ROUTE },
  },
  'an API key on the route that a gateway names': {
    request: aRequest({ binding: BOUND, headers: KEY }),
    world: routedTo('protected'),
    rests: { ...KEY_RESTS, ...BY_ROUTE },
  },
  'a token of an identity provider at a gateway': {
    request: aRequest({ headers: bearer('jwt') }),
    rests: RESTS,
  },
  'a token of an identity provider at a pod': {
    request: atPod({ headers: bearer('jwt') }),
    rests: { ...RESTS, ...AT_POD },
  },
}

describe.each(Object.entries(ALLOWED))('%s', (_title, { request, world, rests }) => {
  it('is allowed while all facts are fresh', async () => {
    expect(await verdictOf(request, [], world)).toBe('allow')
  })

  const cases = FACTS.flatMap((fact) => STALENESS_LIMITS.map((bound) => [fact, bound] as const))
  it.each(cases)(
    'with %s older than the bound %s gets the answer of the table',
    async (fact, bound) => {
      const verdict = await verdictOf(request, [[fact, bound]], world)
      expect(verdict).toBe(rests[`${fact} ${bound}`] ?? 'allow')
    },
  )
})

const EVERYTHING: Old = FACTS.flatMap((fact) =>
  STALENESS_LIMITS.map((bound) => [fact, bound] as const),
)

describe('a stale fact', () => {
  it('is reported if a request was allowed by it, and only then', () => {
    const needed = new Set(Object.values(ALLOWED).flatMap(({ rests }) => Object.keys(rests)))
    const told = FACTS.flatMap((fact) => LIMITS_OF[fact].map((bound) => `${fact} ${bound}`))
    expect(new Set(told)).toEqual(needed)
  })

  it('does not change denials: a protected pod still requires a credential', async () => {
    expect(await verdictOf(atPod(), EVERYTHING)).toBe('missing-credential')
    expect(await verdictOf(aRequest({ headers: bearer('nobody') }), EVERYTHING)).toBe(
      'unknown-api-key',
    )
    expect(await verdictOf(aRequest({ host: 'nobody.example.com' }), EVERYTHING)).toBe(
      'unknown-target',
    )
  })

  it('allows nothing that is denied while it is fresh', async () => {
    const kinds = new Set<CredentialKind | undefined>()
    for (const { request, world } of Object.values(ALLOWED)) {
      const { caller } = await anAuthorize({ ...WORLD, ...world })(request)
      kinds.add(caller?.kind)
      expect(await verdictOf(request, EVERYTHING, world)).not.toBe('allow')
    }
    expect(kinds).toEqual(new Set([...CREDENTIAL_KINDS, undefined]))
  })

  it('is part of the explanation', async () => {
    const steps: string[] = []
    const authorize = anAuthorize({ ...WORLD, isFresh: (fact) => fact !== 'pods' })
    await authorize(OPEN_POD, (step) => steps.push(step))
    expect(steps.at(-1)).toBe('not allowed: the data about pods is too old')
  })
})
