import { afterAll, describe, expect, it } from 'vitest'
import { createClusterSignatures } from '../../src/tokens/cluster-signatures.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'
import { atOnce, queueKeyFor } from '../../testing/queue-keys.ts'
import { compact } from './support.ts'

const signer = createSigner()
const closes: (() => void)[] = []
afterAll(() => {
  for (const close of closes) close()
})

/** With the keys that `fetchKeys` returns. */
function signatures(fetchKeys: () => Promise<unknown>, verifications = atOnce) {
  const made = createClusterSignatures({
    fetchKeys,
    onFetched: () => {},
    periods: { coolDown: 0, firstRetry: 5, longestRetry: 5 },
    verifications,
  })
  closes.push(made.close)
  return (token: string) => made.signatureOf(token, queueKeyFor('team'))
}

const publishing =
  (...keys: readonly unknown[]) =>
  () =>
    Promise.resolve({ keys })

const claims = { iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:team:reader' }
const foreign = createSigner()

describe("a token's signature", () => {
  it.each([
    ['by a key of the cluster, whatever its claims', signer.sign(claims), 'signed'],
    ['of an expired token', signer.sign({ ...claims, exp: 1 }), 'signed'],
    [
      'by a key of another issuer with the same kid',
      foreign.sign(claims, { kid: kidOf(signer) }),
      'forged',
    ],
    ['by an unknown key', foreign.sign(claims, { kid: 'another' }), 'unknown'],
    ['by an unknown key without a kid', foreign.sign(claims, { kid: undefined }), 'unknown'],
    ['of the cluster without a kid', signer.sign(claims, { kid: undefined }), 'signed'],
    ['with algorithm none', compact({ alg: 'none', kid: kidOf(signer) }, claims), 'forged'],
    ['with a shared secret', compact({ alg: 'HS256', kid: kidOf(signer) }, claims), 'forged'],
    ['of another text', 'no token at all', 'unknown'],
  ])('is recognized: %s', async (_title, token, signature) => {
    expect(await signatures(publishing(signer.jwk))(token)).toBe(signature)
  })

  it('is recognized among several keys with the same kid, and without a kid', async () => {
    const again = createSigner()
    const twins = [signer, again].map(({ jwk }) => ({ ...jwk, kid: 'twin' }))
    const signatureOf = signatures(publishing(...twins))
    expect(await signatureOf(again.sign(claims, { kid: 'twin' }))).toBe('signed')
    expect(await signatureOf(again.sign(claims, { kid: undefined }))).toBe('signed')
    expect(await signatureOf(foreign.sign(claims, { kid: 'twin' }))).toBe('unknown')
  })

  it('of a new key of the cluster is recognized at once', async () => {
    const keys: unknown[] = [signer.jwk]
    const signatureOf = signatures(() => Promise.resolve({ keys }))
    const next = createSigner()
    const token = next.sign(claims, { kid: 'next' })
    expect(await signatureOf(token)).toBe('unknown')
    keys.push({ ...next.jwk, kid: 'next' })
    expect(await signatureOf(token)).toBe('signed')
  })

  it("of a new key with the kid of an old one is recognized at once, and the old one's is forged", async () => {
    let keys: unknown[] = [signer.jwk]
    let fetches = 0
    const signatureOf = signatures(() => {
      fetches += 1
      return Promise.resolve({ keys })
    })
    const next = createSigner()
    const kid = kidOf(signer)
    expect(await signatureOf(signer.sign(claims))).toBe('signed')
    keys = [{ ...next.jwk, kid }]
    expect(await signatureOf(compact({ alg: 'none', kid }, claims))).toBe('forged')
    expect(fetches).toBe(1)

    expect(await signatureOf(next.sign(claims, { kid }))).toBe('signed')
    expect(await signatureOf(signer.sign(claims))).toBe('forged')
  })

  it.each([
    ['cannot be fetched', () => Promise.reject(new Error('no answer'))],
    ['are none', () => Promise.resolve({ keys: [] })],
    ['are no keys', () => Promise.resolve('text')],
  ])("is unknown if the cluster's keys %s", async (_title, fetchKeys) => {
    expect(await signatures(fetchKeys)(signer.sign(claims))).toBe('unknown')
  })
})

function kidOf({ jwk }: ReturnType<typeof createSigner>): unknown {
  return 'kid' in jwk ? jwk.kid : undefined
}
