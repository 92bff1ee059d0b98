import { hash } from 'node:crypto'
import { known } from '../../../src/access/authentication.ts'
import type { Asker } from '../../../src/access/identify.ts'
import { createCache } from '../../../src/common/cache.ts'
import { CACHE_PERIODS } from '../../../src/common/cache-periods.ts'
import { createClusterAuthentication } from '../../../src/kubernetes/reviews/cluster-authentication.ts'
import { perAudiences } from '../../../src/kubernetes/reviews/per-audiences.ts'
import { createSharedTokenCache } from '../../../src/kubernetes/reviews/shared-token-cache.ts'
import { UNWATCHED } from '../../../src/kubernetes/reviews/token-owners.ts'
import { aCaller } from '../../../testing/builders.ts'

/** Long enough for nothing to expire meanwhile. */
const LONG = { ...CACHE_PERIODS, positiveMs: 3_600_000 }
const LISTS = 31
const TOKENS = 10_000
const TEAM_TOKENS = 1_000

/**
 * How much is cached of one tenant's tokens for many lists of audiences, and how much of another tenant's remains.
 */
export async function tokensForManyLists() {
  const memory = createSharedTokenCache(createCache, UNWATCHED, LONG)
  let reviews = 0
  const authenticationFor = perAudiences(['usual'], (audiences) =>
    createClusterAuthentication({
      memory,
      audiences,
      keyed: (text) => hash('sha256', text, 'base64'),
      opaquePrefixes: ['sha256~'],
      issuer: () => 'issuer',
      foreignIssuers: [],
      inspect: () => undefined,
      accounts: UNWATCHED,
      watching: () => true,
      signatureOf: () => Promise.resolve('signed'),
      budgets: () => undefined,
      observer: { asked: () => {}, shed: () => {} },
      periods: LONG,
      waitMs: 300,
      reviews: {
        review: () => {
          reviews += 1
          const user = `system:serviceaccount:evil:account-${reviews}`
          return Promise.resolve(known(aCaller({ user, extra: { id: [`${reviews}`.repeat(50)] } })))
        },
      },
    }),
  )
  const ask = (namespace: string, token: string, list?: readonly string[]) =>
    authenticationFor(list).authenticate(
      `sha256~${token}`,
      hash('sha256', token),
      askerIn(namespace),
    )
  const askAll = async () => {
    for (let token = 0; token < TEAM_TOKENS; token += 1) await ask('team', `team-${token}`)
  }

  const before = heapMiB()
  await askAll()
  for (let list = 0; list < LISTS; list += 1) {
    const audiences = [`audience-${list}`]
    for (let token = 0; token < TOKENS; token += 1) await ask('evil', `evil-${token}`, audiences)
  }
  const heap = heapMiB() - before
  const asked = reviews
  await askAll()
  return {
    heapMiB: heap,
    counted: memory.counts().entries,
    kept: TEAM_TOKENS - (reviews - asked),
    ofTeam: TEAM_TOKENS,
  }
}

const askerIn = (namespace: string): Asker => ({
  service: { kind: 'InferenceService', namespace, name: 'iris' },
  proxy: undefined,
})

function heapMiB(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}
