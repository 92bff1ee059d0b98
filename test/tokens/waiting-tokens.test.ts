import { expect, it, onTestFinished } from 'vitest'
import { createCache } from '../../src/common/cache.ts'
import { createCachingVerifier } from '../../src/tokens/caching-verifier.ts'
import type { DecodedJwt } from '../../src/tokens/decode-token.ts'
import { atOnce } from '../../testing/queue-keys.ts'

const ISSUER = 'https://issuer.example.com'

/** JWTs of an issuer that never sends its keys, as many for each of some namespaces; how many were shed. */
function shedOf(namespaces: number, each: number): number {
  let sheds = 0
  const { verify, close } = createCachingVerifier({
    expected: { issuer: ISSUER, audiences: undefined, algorithms: ['ES256'] },
    fetchKeys: () => new Promise(() => {}),
    onFetched: () => {},
    read: () => ({ kind: 'verified', value: 'ada' }),
    periods: {},
    createCache,
    verifications: {
      ...atOnce,
      shed: () => {
        sheds += 1
      },
    },
  })
  onTestFinished(close)
  const claims = { iss: ISSUER, exp: Math.floor(Date.now() / 1_000) + 3_600 }
  const jwt: DecodedJwt = { alg: 'ES256', kid: 'k', typ: undefined, issuer: ISSUER, claims }
  for (let index = 0; index < namespaces; index += 1)
    for (let count = 0; count < each; count += 1)
      void verify('token', `${index} ${count}`, jwt, { tenant: `team-${index}`, name: 'iris' })
  return sheds
}

it('at most 1,024 JWTs of a namespace wait for keys', () => {
  expect(shedOf(1, 1_030)).toBe(6)
})

it('at most 4,096 JWTs wait for keys', () => {
  expect(shedOf(5, 1_000)).toBe(904)
})
