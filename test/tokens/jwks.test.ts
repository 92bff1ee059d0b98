import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeToken } from '../../src/tokens/decode-token.ts'
import { readJwks } from '../../src/tokens/jwks.ts'
import { createLeftOutReport } from '../../src/tokens/left-out-jwks.ts'
import type { LeftOutJwk } from '../../src/tokens/read-jwk.ts'
import { checkSignature } from '../../src/tokens/signature.ts'
import { casesOf } from '../../testing/cases.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'
import { turnsDuring } from '../../testing/working.ts'

const { jwk } = createSigner()
const small = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ed = generateKeyPairSync('ed25519')

const exported = (key: typeof rsa.publicKey): JsonWebKey => key.export({ format: 'jwk' })

describe('a key is used:', () => {
  it.each<[string, object]>([
    ['P-256', jwk],
    ['RSA of 2048 bits', exported(rsa.publicKey)],
    ['RSA with a long exponent', { ...exported(rsa.publicKey), e: 'AQABAQABAQE' }],
    ['Ed25519', exported(ed.publicKey)],
    ['without use and key_ops', { ...jwk, use: undefined }],
    ['for verifying among other operations', { ...jwk, key_ops: ['sign', 'verify'] }],
    ['with a certificate', { ...jwk, x5c: ['MIIB'], x5t: 'x' }],
    ['with members that are null or empty', { ...jwk, d: null, use: '', key_ops: [], alg: null }],
    ['with an empty private part', { ...jwk, d: '', k: undefined, oth: [] }],
    ['with a repeated operation', { ...jwk, key_ops: ['verify', 'verify'] }],
    ['with unknown members', { ...jwk, exp: 1, ext: 'yes', 'x5t#S256': 7, nested: {} }],
    ['with a kid that is a number', { ...jwk, kid: 7 }],
  ])('%s', async (_title, key) => {
    expect(await readJwks({ keys: [key] })).toBeDefined()
  })
})

describe('a key is ignored, so that a set with only this key is invalid:', () => {
  it.each<[string, unknown]>([
    ['symmetric', { kty: 'oct', k: 'AAAA' }],
    ['symmetric with members of another type', { ...jwk, k: 'AAAA' }],
    ['private', exported(rsa.privateKey)],
    ['with a private part', { ...jwk, d: 'AAAA' }],
    ['with a private part that is not a text', { ...jwk, d: 7 }],
    ['for an algorithm of another key type', { ...jwk, alg: 'RS256' }],
    ['for an encryption algorithm', { ...exported(rsa.publicKey), alg: 'RSA-OAEP-256' }],
    ['for an algorithm that is not a text', { ...jwk, alg: 7 }],
    ['on a curve without a supported algorithm', { ...exported(ed.publicKey), crv: 'X25519' }],
    ['of another type', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['without a type', { ...jwk, kty: undefined }],
    ['for encryption', { ...jwk, use: 'enc' }],
    ['for other operations', { ...jwk, key_ops: ['encrypt'] }],
    ['with invalid operations', { ...jwk, key_ops: 'verify' }],
    [
      'with more operations than exist',
      { ...jwk, key_ops: Array.from({ length: 17 }, () => 'verify') },
    ],
    ['RSA with null members', { kty: 'RSA', n: null, e: null }],
    ['RSA of 1024 bits', exported(small.publicKey)],
    [
      'RSA with an exponent of more than 64 bits',
      { ...exported(rsa.publicKey), e: 'AQABAQABAQAB' },
    ],
    ['RSA of more than 16384 bits', { ...exported(rsa.publicKey), n: 'AQAB'.repeat(683) }],
    ['a point of too many bytes', { ...jwk, x: `${'A'.repeat(89)}${String(jwk.x)}` }],
    ['a point that is not on its curve', { ...jwk, x: jwk.y }],
    ['without its members', { kty: 'RSA', kid: 'x' }],
    ['a text', 'key'],
    ['null', null],
    ['a list', [jwk]],
  ])('%s', async (_title, key) => {
    expect(await readJwks({ keys: [key] })).toBeUndefined()
    const [beside, alone] = [await readJwks({ keys: [key, jwk] }), await readJwks({ keys: [jwk] })]
    expect(beside?.identity).toBe(alone?.identity)
    expect(beside?.leftOut).toHaveLength(1)
  })
})

describe('a document is not a key set:', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a list', [jwk]],
    ['a key', jwk],
    ['without keys', {}],
    ['without keys', { keys: [] }],
    ['with keys as an object', { keys: { 0: jwk, length: 1 } }],
    ['with more than a thousand keys', { keys: Array.from({ length: 1_001 }, () => jwk) }],
  ])('%s', async (_title, document) => {
    expect(await readJwks(document)).toBeUndefined()
  })
})

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

describe('a set reports ignored keys with the reason:', () => {
  it.each<[string, unknown, string]>([
    ['an encryption key', { ...jwk, use: 'enc' }, 'kid a: its use is not sig'],
    ['a private key', exported(rsa.privateKey), 'kid a: it holds a secret'],
    ['a symmetric key', { kty: 'oct', k: 'marker' }, 'kid a: it holds a secret'],
    ['a key of a new type', { kty: 'AKP' }, 'kid a: its kty or crv is not supported'],
    ['a short key', exported(small.publicKey), 'kid a: it is too short or too long'],
    ['a broken key', { ...jwk, x: 'marker' }, 'kid a: it is broken'],
    ...[
      { kty: 'EC', crv: 'P-256' },
      { kty: 'EC', crv: 'P-384' },
      { kty: 'EC', crv: 'P-521' },
      { kty: 'OKP', crv: 'Ed25519' },
    ].map((curve): [string, unknown, string] => [
      `a long one on ${curve.crv}`,
      { ...curve, x: 'A'.repeat(89), y: 'A' },
      'kid a: it is too short or too long',
    ]),
    ['a key with invalid characters', { ...jwk, x: `${String(jwk.x)}{` }, 'kid a: it is broken'],
    ['a nested type', { ...jwk, kty: nested(10_000) }, 'kid a: its kty or crv is not supported'],
    ['a nested curve', { ...jwk, crv: nested(10_000) }, 'kid a: its kty or crv is not supported'],
  ])('%s', async (_title, key, told) => {
    const keys = [{ ...Object(key), kid: 'a' }, jwk]
    expect(reportsOf(await leftOutOf(keys))).toEqual([told])
  })

  it('nothing if all keys are used', async () => {
    expect(reportsOf(await leftOutOf([jwk]))).toEqual([])
  })

  it('with turns for everything else between the keys', async () => {
    const keys = Array.from({ length: 160 }, () => jwk)
    const { turns } = await turnsDuring(() => readJwks({ keys }))
    expect(turns).toBeGreaterThanOrEqual(9)
  })

  it('by at most 64 characters of its name', async () => {
    const [told = ''] = reportsOf(await leftOutOf([{ kty: 'oct', kid: 'a'.repeat(1_000) }, jwk]))
    expect(told).toMatch(/^kid a{64}: [^a]/)
  })

  it('each only once, whatever its name', async () => {
    const odd = { kty: 'oct', kid: 'a\nb\u{1f98a}'.repeat(100) }
    const told: string[] = []
    const report = createLeftOutReport((text) => told.push(text))
    const many = Array.from({ length: 40 }, (_, index) => ({ kty: 'oct', kid: `${index}` }))
    report(await leftOutOf([jwk, odd, { kty: 'oct' }]))
    report(await leftOutOf([{ kty: 'oct' }, jwk, odd]))
    report(await leftOutOf([jwk]))
    report(await leftOutOf([...many, jwk]))

    expect(told).toHaveLength(2)
    expect(told[0]).toMatch(/^kid a\?b[ab?]{58,}: its .* supported, a key without kid: its [^,]*$/)
    expect(told[1]).toMatch(/^kid 0: .*, kid 15: [^,]*, and 24 more$/)
  })

  async function leftOutOf(keys: readonly unknown[]) {
    return (await readJwks({ keys }))?.leftOut ?? []
  }

  function reportsOf(leftOut: readonly LeftOutJwk[]): readonly string[] {
    const told: string[] = []
    createLeftOutReport((text) => told.push(text))(leftOut)
    return told
  }
})

describe('the keys for a token', () => {
  const other = createSigner().jwk
  const bare = { ...createSigner().jwk, kid: undefined }
  const count = async (alg: string, kid: string | undefined) => {
    const { named = [], others = [] } =
      (await readJwks({ keys: [jwk, other, bare, exported(rsa.publicKey)] }))?.keysFor({
        alg,
        kid,
      }) ?? {}
    return [named.length, others.length]
  }

  it.each<[string, string, string | undefined, readonly number[]]>([
    ['have its kid, or none', 'ES256', String(jwk.kid), [1, 1]],
    ['are none if no key has its kid', 'ES256', 'another', [0, 1]],
    ['are all if it has no kid', 'ES256', undefined, [0, 3]],
    ['are those for its algorithm', 'RS256', undefined, [0, 1]],
    ['are those for its algorithm, also with a kid', 'PS512', String(jwk.kid), [0, 1]],
    ['are none for a symmetric algorithm', 'HS256', String(jwk.kid), [0, 0]],
  ])('%s', async (_title, alg, kid, expected) => {
    expect(await count(alg, kid)).toEqual(expected)
  })

  it.each(['EdDSA', 'Ed25519'])('on Ed25519 support both names: %s', async (alg) => {
    const set = await readJwks({ keys: [{ ...exported(ed.publicKey), alg }] })
    for (const asked of ['EdDSA', 'Ed25519']) {
      expect(set?.keysFor({ alg: asked, kid: undefined }).others).toHaveLength(1)
    }
  })
})

describe('invalid entries between keys', () => {
  const signers = ['ES256', 'ES256', 'RS256'].map((alg) =>
    createSigner(alg === 'RS256' ? 'RS256' : 'ES256'),
  )
  const nameless = createSigner()
  const keys = [
    ...signers.map((signer) => signer.jwk),
    { ...nameless.jwk, kid: undefined },
    { ...createSigner().jwk, kid: signers[0]?.jwk.kid },
  ]
  const tokens = [...signers, nameless, createSigner()].flatMap((signer) => [
    signer.sign({ sub: 'ada' }),
    signer.sign({ sub: 'ada' }, { kid: undefined }),
    signer.sign({ sub: 'ada' }, { kid: 'another' }),
    signer.sign({ sub: 'ada' }, { kid: signers[0]?.jwk.kid }),
  ])
  const garbage = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record(
      {
        kty: fc.constantFrom('EC', 'RSA', 'OKP', 'oct', 'AKP', 7, null),
        kid: fc.constantFrom(...keys.map(({ kid }) => kid), 'x', null, 7),
        crv: fc.constantFrom('P-256', 'P-384', 'Ed448', ''),
        use: fc.constantFrom('enc', 'sig', '', null, 7),
        x: fc.constantFrom('AAAA', '', null, '!'),
        y: fc.constantFrom('AAAA', '', null, 7),
        n: fc.constantFrom('AQAB', '', 7),
        e: fc.constantFrom('AQAB', null),
        d: fc.constantFrom('AAAA', null, ''),
        k: fc.constantFrom('AAAA', ''),
        key_ops: fc.constantFrom([], ['sign'], 'verify', [7]),
        alg: fc.constantFrom('HS256', 'none', 'RSA-OAEP', 7, null),
      },
      { requiredKeys: ['kty'] },
    ),
  )

  it('change no result, whatever the keys and their order', async () => {
    const some = fc.shuffledSubarray(keys)
    await fc.assert(
      fc.asyncProperty(some, fc.array(garbage), fc.infiniteStream(fc.nat(9)), async (...drawn) => {
        const [known, odd, places] = drawn
        const mixed: unknown[] = [...known]
        for (const each of odd) mixed.splice(places.next().value ?? 0, 0, each)
        expect(await verdictsOf(mixed)).toEqual(await verdictsOf(known))
      }),
      { numRuns: casesOf(100) },
    )
  })

  async function verdictsOf(listed: readonly unknown[]): Promise<readonly unknown[]> {
    const set = await readJwks({ keys: listed })
    if (set === undefined) return ['no set']
    return Promise.all(
      tokens.map(async (token) => {
        const jwt = decodeToken(token)
        if (jwt === undefined) return 'no token'
        return (await checkSignature(token, jwt, set, (work) => work())) === 'signed'
      }),
    )
  }
})

describe('two sets', () => {
  const other = createSigner().jwk

  const identityOf = async (...keys: readonly unknown[]) => (await readJwks({ keys }))?.identity

  it('are equal in any order', async () => {
    expect(await identityOf(jwk, other)).toBe(await identityOf(other, jwk))
  })

  it.each([
    ['name', { kid: 'other' }],
    ['point', { x: other.x, y: other.y }],
  ])('differ if a key has another %s', async (_title, given) => {
    expect(await identityOf(jwk)).not.toBe(await identityOf({ ...jwk, ...given }))
  })
})
