import { afterEach, expect, it, vi } from 'vitest'
import { readJwks } from '../../src/tokens/jwks.ts'
import { checkSignature } from '../../src/tokens/signature.ts'
import { createSigner, goodClaims } from '../../testing/issuers/oidc-issuer.ts'

afterEach(() => void vi.restoreAllMocks())

it('at most 16 keys are tried in one turn, and all in the end', async () => {
  const { kid: _kid, ...jwk } = createSigner().jwk
  const jwks = await readJwks({ keys: Array.from({ length: 40 }, () => jwk) })
  if (jwks === undefined) throw new Error('no keys')
  const token = createSigner().sign(goodClaims('https://issuer.example.com'))
  const verify = vi.spyOn(crypto.subtle, 'verify')
  const perTurn: number[] = []
  const inTurn = async <T>(work: () => Promise<T>) => {
    const before = verify.mock.calls.length
    const result = await work()
    perTurn.push(verify.mock.calls.length - before)
    return result
  }
  const verdict = await checkSignature(token, { alg: 'ES256', kid: undefined }, jwks, inTurn)
  expect(verdict).toBe('unknown key')
  expect(perTurn).toEqual([16, 16, 8])
})
