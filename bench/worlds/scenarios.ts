import { frameOf } from './frames.ts'
import {
  asking,
  askingWithKey,
  bearer,
  type Expected,
  type Load,
  ONE_AT_A_TIME,
  type Scenario,
  SMALL,
} from './scenario.ts'
import { ALGORITHMS, type Algorithm, type Issuers, OPAQUE_TOKEN, READER, USER } from './tokens.ts'
import { keyAt, keyNumberOf, OPEN_MODEL, protectedModel, type World } from './world.ts'

/** Tokens sent in turn: more than the service caches (10,000), so that each is new. */
export const COLD_TOKENS = 12_288

const QUIET: World = { ...SMALL, name: 'small, decision log off', decisionLog: 'off' }
/** The world of the promises about memory and startup time. */
export const LARGE: World = { ...SMALL, name: 'large', services: 1_000, keys: 10_000 }

/** The same objects in a real API server. */
export const CLUSTER: World = { ...SMALL, name: 'API server', source: 'cluster' }

export const AS_READER: Expected = {
  outcome: 'allow',
  user: `system:serviceaccount:${READER.namespace}:${READER.name}`,
}
const AS_USER: Expected = { outcome: 'allow', user: `oidc:${USER}` }
const OPEN: Expected = { outcome: 'allow' }

const open = (told: Omit<Parameters<typeof asking>[0], 'title'>, title: string) =>
  asking({ ...told, title }, OPEN, () => ({ model: OPEN_MODEL }))

const WITHOUT_CREDENTIAL: readonly Scenario[] = [
  open({ id: 'open', goal: 1 }, 'open service'),
  asking({ id: 'excluded', title: 'excluded path', goal: 1 }, OPEN, () => ({
    method: 'GET',
    path: '/metrics',
  })),
  asking(
    { id: 'denial', title: 'no credential, denied', goal: 1 },
    { outcome: 'deny', reason: 'missing-credential' },
    () => ({}),
  ),
]

function withKeysOf(keys: number): readonly Scenario[] {
  const world = keys === SMALL.keys ? SMALL : { ...SMALL, name: `${keys} keys`, keys }
  const title = `API key of ${keys.toLocaleString('en')}`
  return [
    askingWithKey({ id: `key-${keys}`, title: `${title}, known`, world, goal: 1 }),
    asking(
      { id: `key-${keys}-miss`, title: `${title}, unknown`, world, goal: 1 },
      { outcome: 'deny', reason: 'unknown-api-key' },
      () => ({ headers: bearer(keyAt(-1)) }),
    ),
  ]
}

function withUserToken(algorithm: Algorithm): readonly Scenario[] {
  const id = `jwt-${algorithm.toLowerCase()}`
  const shown = (issuers: Issuers, number: number) => ({
    headers: bearer(issuers.userToken(algorithm, number)),
  })
  const warm = { id, title: `JWT ${algorithm}, warm`, goal: 1.1 }
  const cold = { id: `${id}-cold`, title: `JWT ${algorithm}, each uncached`, verifies: algorithm }
  const model = protectedModel(SMALL)
  const frames = (issuers: Issuers) =>
    Array.from({ length: COLD_TOKENS }, (_, index) =>
      frameOf({ model, ...shown(issuers, index + 1) }),
    )
  return [
    asking(warm, AS_USER, (issuers) => shown(issuers, 0)),
    asking({ ...cold, frames }, AS_USER, () => ({})),
  ]
}

const WITH_OTHER_TOKENS: readonly Scenario[] = [
  asking({ id: 'jwt-long', title: 'JWT RS256 of 31 KiB, warm' }, AS_USER, (issuers) => ({
    headers: bearer(issuers.longToken(0)),
  })),
  asking({ id: 'opaque', title: 'introspected token, warm' }, AS_USER, () => ({
    headers: bearer(OPAQUE_TOKEN),
  })),
]

const withServiceAccount = (told: Omit<Parameters<typeof asking>[0], 'title'>, title: string) =>
  asking({ ...told, title, goal: 1.1 }, AS_READER, (issuers) => ({
    headers: bearer(issuers.serviceAccountToken()),
  }))

/** Only the last rule allows the request; no rule allows the other path. */
function withRules(rules: number): readonly Scenario[] {
  const world = { ...SMALL, name: `${rules} rules`, rules }
  const model = protectedModel(world)
  const goal = rules === 10 ? { goal: 1.1 } : {}
  const title = `AccessPolicy with ${rules} ${rules === 1 ? 'rule' : 'rules'}`
  const key = bearer(keyAt(keyNumberOf(model, world)))
  const token = (issuers: Issuers) => bearer(issuers.userToken('RS256', 0))
  const elsewhere = (headers: (issuers: Issuers) => Readonly<Record<string, string>>) => ({
    frame: (issuers: Issuers) =>
      frameOf({ model, path: `/v1/models/${model.name}:explain`, headers: headers(issuers) }),
    expected: { outcome: 'deny', reason: 'not-permitted' } as const,
  })
  return [
    asking(
      {
        id: `rules-${rules}`,
        title: `${title}, JWT`,
        world,
        ...goal,
        control: elsewhere(token),
      },
      { outcome: 'allow', user: `oidc:${USER}` },
      (issuers) => ({ headers: token(issuers) }),
    ),
    askingWithKey({
      id: `rules-${rules}-key`,
      title: `${title}, API key`,
      world,
      ...goal,
      control: elsewhere(() => key),
    }),
  ]
}

/** Sixty in total: the seventeen, the credential, and these. */
const MANY_HEADERS = Object.fromEntries(
  Array.from({ length: 42 }, (_, index) => [`x-custom-${index}`, `value-${index}-of-a-header`]),
)

const WITH_MUCH = [
  askingWithKey({ id: 'headers-60', title: '60 headers' }, { headers: MANY_HEADERS }),
  // More in flight would exceed the bytes that one peer may have in flight.
  askingWithKey(
    { id: 'body-64k', title: 'body of 64 kB, 64 in flight', load: { connections: 4, streams: 16 } },
    { body: Buffer.alloc(65_536, 'x') },
  ),
]

const WITHOUT_LOG: readonly Scenario[] = [
  open({ id: 'open-quiet', world: QUIET }, 'open service, decision log off'),
  askingWithKey({ id: 'key-quiet', title: 'API key of 10, decision log off', world: QUIET }),
]

const AMONG_MANY: readonly Scenario[] = [
  askingWithKey({
    id: 'services-100',
    title: 'API key, 100 services',
    world: { ...SMALL, name: '100 services', services: 100, keys: 100 },
  }),
  open({ id: 'services-1000-open', world: LARGE }, 'open service, 1,000 services'),
  askingWithKey({ id: 'services-1000', title: 'API key, 1,000 services', world: LARGE }),
]

const LOADS: readonly Load[] = [
  ONE_AT_A_TIME,
  { connections: 1, streams: 8 },
  { connections: 4, streams: 8 },
  { connections: 4, streams: 32 },
  // As many as may be incomplete at a time, of one peer.
  { connections: 8, streams: 32 },
]

const UNDER_LOADS = LOADS.map((load) => {
  const underWay = load.connections * load.streams
  const title = `API key, ${underWay} in flight, latency as well`
  return askingWithKey({ id: `load-${underWay}`, title, load, latencyLoad: load })
})

export const SCENARIOS: readonly Scenario[] = [
  ...WITHOUT_CREDENTIAL,
  ...withKeysOf(10),
  ...ALGORITHMS.flatMap(withUserToken),
  ...WITH_OTHER_TOKENS,
  withServiceAccount({ id: 'kubernetes' }, 'ServiceAccount token, warm'),
  ...WITH_MUCH,
  ...UNDER_LOADS,
  ...WITHOUT_LOG,
  ...withKeysOf(10_000),
  ...withKeysOf(100_000),
  ...AMONG_MANY,
  ...[1, 10, 100].flatMap(withRules),
  withServiceAccount(
    { id: 'kubernetes-api', world: CLUSTER },
    'ServiceAccount token, warm, objects of an API server',
  ),
]
