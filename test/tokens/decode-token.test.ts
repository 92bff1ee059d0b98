import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecodeToken, decodeToken } from '../../src/tokens/decode-token.ts'

const encoded = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const tokenOf = (header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl') =>
  `${encoded(header)}.${encoded(claims)}.${signature}`

const GOOD = tokenOf({ alg: 'ES256', kid: 'a', typ: 'JWT' }, { iss: 'https://a.example', sub: 'ä' })

describe('a decoder for several readers', () => {
  it('decodes a token once', () => {
    const decode = createDecodeToken()
    const first = decode(GOOD)
    expect(first).toEqual(decodeToken(GOOD))
    expect(decode(GOOD)).toBe(first)
  })

  it('never answers with the claims of another token', () => {
    const decode = createDecodeToken()
    const others = ['', 'a.b.c', tokenOf({ alg: 'ES256' }, { iss: 'b' }), GOOD]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...others)), (tokens) => {
        for (const token of tokens) expect(decode(token)).toEqual(decodeToken(token))
      }),
    )
  })
})
