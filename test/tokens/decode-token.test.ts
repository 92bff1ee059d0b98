import fc from 'fast-check'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { createDecodeToken, decodeToken } from '../../src/tokens/decode-token.ts'

const encoded = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const tokenOf = (header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl') =>
  `${encoded(header)}.${encoded(claims)}.${signature}`

const GOOD = tokenOf({ alg: 'ES256', kid: 'a', typ: 'JWT' }, { iss: 'https://a.example', sub: 'ä' })

// One spelling per token: the spare bits of a segment's last character are zero.
const SEGMENT = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])'
const COMPACT = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`)

/** As jose reads a token of the one form that is accepted. */
function decodedByJose(token: string) {
  if (!COMPACT.test(token)) return undefined
  try {
    const { alg, kid, typ, ...rest } = decodeProtectedHeader(token)
    if (Object.hasOwn(rest, 'crit') || Object.hasOwn(rest, 'b64')) return undefined
    const texts = [kid, typ].every((each) => each === undefined || typeof each === 'string')
    const claims = decodeJwt(token)
    const issuer = typeof claims.iss === 'string' ? claims.iss : undefined
    return typeof alg === 'string' && texts ? { alg, kid, typ, issuer, claims } : undefined
  } catch {
    return undefined
  }
}

describe('a token is decoded as jose decodes it', () => {
  it.each([
    ['an ordinary one', GOOD],
    ['nothing', ''],
    ['two segments', GOOD.slice(0, GOOD.lastIndexOf('.'))],
    ['four segments', `${GOOD}.YQ`],
    ['five segments', `${GOOD}.YQ.YQ`],
    ['only dots', '..'],
    ['no signature', `${GOOD.slice(0, GOOD.lastIndexOf('.'))}.`],
    ['padding', `${GOOD}=`],
    ['a space at the end', `${GOOD} `],
    ['a line break at the end', `${GOOD}\n`],
    ['the other alphabet', tokenOf({ alg: 'ES256' }, { a: '>>>???' }).replaceAll('_', '/')],
    ['spare bits in the signature', tokenOf({ alg: 'ES256' }, {}, 'YR')],
    ['a character too much in the signature', tokenOf({ alg: 'ES256' }, {}, 'c2lnb')],
    ['a character that is no byte', tokenOf({ alg: 'ES256' }, {}, 'c2l\u0167')],
    ['a byte order mark', tokenOf({ alg: 'ES256' }, '\ufeff{"iss":"a"}')],
    ['claims that are a list', tokenOf({ alg: 'ES256' }, [])],
    ['claims that are null', tokenOf({ alg: 'ES256' }, null)],
    ['claims that are no JSON', tokenOf({ alg: 'ES256' }, '{')],
    ['claims that are no UTF-8', `${encoded({ alg: 'ES256' })}.eyJhIjoi_yJ9.YQ`],
    ['a header that is text', tokenOf('"alg"', {})],
    ['a header without alg', tokenOf({}, {})],
    ['an alg that is no text', tokenOf({ alg: 1 }, {})],
    ['a kid that is null', tokenOf({ alg: 'ES256', kid: null }, {})],
    ['a typ that is a list', tokenOf({ alg: 'ES256', typ: ['JWT'] }, {})],
    ['crit', tokenOf({ alg: 'ES256', crit: ['exp'] }, {})],
    ['crit that is null', tokenOf({ alg: 'ES256', crit: null }, {})],
    ['b64', tokenOf({ alg: 'ES256', b64: true }, {})],
    ['a header twice', tokenOf('{"alg":"none","alg":"ES256"}', '{"iss":"a","iss":"b"}')],
    ['__proto__', tokenOf('{"alg":"ES256","__proto__":{"kid":"b"}}', '{"__proto__":{"iss":"a"}}')],
  ])('%s', (_title, token) => {
    expect(decodeToken(token)).toEqual(decodedByJose(token))
  })

  it('whatever its header and claims are', () => {
    const header = fc.oneof(
      fc.record({ alg: fc.constantFrom('ES256', 'none'), kid: fc.string() }),
      fc.json(),
    )
    fc.assert(
      fc.property(
        header,
        fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.json()),
        (...of) => {
          const token = tokenOf(...of)
          expect(decodeToken(token)).toEqual(decodedByJose(token))
        },
      ),
    )
  })

  it('and so is one with a character changed, missing or added anywhere', () => {
    const other = fc.constantFrom(
      'A',
      'B',
      'Q',
      'w',
      '8',
      '-',
      '_',
      '+',
      '/',
      '=',
      '.',
      ' ',
      '\u0141',
      '',
    )
    fc.assert(
      fc.property(fc.nat(GOOD.length), fc.nat(1), other, (at, cut, put) => {
        const token = GOOD.slice(0, at) + put + GOOD.slice(at + cut)
        expect(decodeToken(token)).toEqual(decodedByJose(token))
      }),
      { numRuns: 2_000 },
    )
  })
})

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
