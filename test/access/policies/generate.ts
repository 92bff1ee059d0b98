/** Reproducible random numbers: the same for the same seed (mulberry32). */
export function createChance(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (end: number): number => Math.floor(next() * end)
  const pick = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0]
  const isOne = (inHowMany: number): boolean => below(inHowMany) === 0
  const some = <T>(max: number, make: () => T): T[] => Array.from({ length: below(max + 1) }, make)
  return { below, pick, isOne, some }
}

export type Chance = ReturnType<typeof createChance>

export type SourceSpec = {
  serviceAccounts?: string[]
  users?: string[]
  groups?: string[]
  principals?: string[]
  apiKeys?: { matchLabels?: Record<string, string> }
  claims?: Record<string, string[]>
}
export type OperationSpec = { methods?: string[]; paths?: string[] }
export type RuleSpec = { from?: SourceSpec[]; to?: OperationSpec[] }
export type AuthenticationSpec = {
  kubernetes?: { audiences?: string[] }
  apiKeys?: { selector?: { matchLabels?: Record<string, string> } }
  jwt?: { provider: string; audiences?: string[] }[]
  mesh?: Record<string, never>
  anonymous?: Record<string, never>
}
export type PolicySpec = {
  targetRefs?: { group: string; kind: string; name: string }[]
  mode?: string
  authentication?: AuthenticationSpec
  deny?: RuleSpec[]
  allow?: RuleSpec[]
  exclusions?: { path: string; methods?: string[] }[]
  headers?: Record<string, { claim: string }>
}

export function createGenerator(chance: Chance) {
  const { pick, isOne, some } = chance

  const labels = (): { matchLabels?: Record<string, string> } =>
    isOne(3)
      ? {}
      : { matchLabels: pick<Record<string, string>>([{}, { tier: 'gold' }, { tier: 'x' }]) }
  const source = (): SourceSpec => ({
    ...(isOne(5) && { serviceAccounts: some(2, () => pick(['team/reader', 'other/reader'])) }),
    ...(isOne(5) && { users: some(2, () => pick(['ada', 'bob', READER])) }),
    ...(isOne(4) && { groups: some(2, () => pick(['gold', 'system:authenticated'])) }),
    ...(isOne(5) && { principals: some(2, () => `cluster.local/ns/${pick(['a', 'b'])}/sa/x`) }),
    ...(isOne(6) && { apiKeys: labels() }),
    ...(isOne(4) && { claims: claims() }),
  })
  const claims = (): Record<string, string[]> =>
    isOne(8)
      ? {}
      : {
          [pick(['tenant', 'realm.roles', 'a.b', 'scope'])]: some(2, () =>
            pick(['acme', 'admin', 'true']),
          ),
          ...(isOne(4) && { sub: ['ada'] }),
        }
  const operation = (): OperationSpec => ({
    ...(isOne(2) && { methods: some(2, () => pick(['GET', 'POST'])) }),
    ...(isOne(3) && { paths: some(2, () => pick(['/v1/*', '/v2/x', '/*', '/v1/models/iris'])) }),
  })
  const rule = (): RuleSpec => ({
    ...(!isOne(3) && { from: some(2, source) }),
    ...(isOne(2) && { to: some(2, operation) }),
  })
  const audiences = () => some(2, () => pick(['api', 'pipelines', 'other']))
  const authentication = (): AuthenticationSpec => ({
    ...(!isOne(4) && { kubernetes: isOne(2) ? {} : { audiences: audiences() } }),
    ...(!isOne(4) && { apiKeys: isOne(2) ? {} : { selector: labels() } }),
    ...(!isOne(4) && {
      jwt: some(2, () => ({
        provider: pick(['keycloak', 'dex', 'nobody']),
        ...(isOne(2) && { audiences: audiences() }),
      })),
    }),
    ...(isOne(2) && { mesh: {} }),
    ...(isOne(2) && { anonymous: {} }),
  })
  const exclusion = () => ({
    path: pick(['/v1/ready', '/v1/models/iris']),
    ...(isOne(2) && { methods: some(2, () => pick(['GET', 'HEAD'])) }),
  })
  const target = () => ({
    group: 'serving.kserve.io',
    kind: pick(['InferenceService', 'InferenceService', 'InferenceGraph']),
    name: pick(['iris', 'iris', 'iris', 'other']),
  })
  const policy = (): PolicySpec => ({
    ...(isOne(3) && { targetRefs: some(2, target) }),
    ...(isOne(3) && { mode: pick(['Enforce', 'Enforce', 'Shadow']) }),
    ...(!isOne(3) && { authentication: authentication() }),
    ...(isOne(2) && { deny: some(1, rule) }),
    ...(!isOne(3) && { allow: some(3, rule) }),
    ...(isOne(2) && { exclusions: some(2, exclusion) }),
  })
  return { policy, rule }
}

const READER = 'system:serviceaccount:team:reader'
