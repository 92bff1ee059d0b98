import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readJwks } from '../../src/tokens/jwks.ts'
import { createSigner } from '../../testing/issuers/oidc-issuer.ts'

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
    ['for verifying among other ends', { ...jwk, key_ops: ['sign', 'verify'] }],
    ['with a certificate beside it', { ...jwk, x5c: ['MIIB'], x5t: 'x' }],
  ])('%s', (_title, key) => {
    expect(readJwks({ keys: [key] })).toBeDefined()
  })
})

describe('a key is left out, so that a set of it alone is none:', () => {
  it.each<[string, unknown]>([
    ['symmetric', { kty: 'oct', k: 'AAAA' }],
    ['symmetric in the dress of another', { ...jwk, k: 'AAAA' }],
    ['private', exported(rsa.privateKey)],
    ['with a private part', { ...jwk, d: 'AAAA' }],
    ['with an empty private part', { ...jwk, d: undefined }],
    ['of another kind', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['of no kind', { ...jwk, kty: undefined }],
    ['for encryption', { ...jwk, use: 'enc' }],
    ['for other ends', { ...jwk, key_ops: ['encrypt'] }],
    ['with odd ends', { ...jwk, key_ops: 'verify' }],
    [
      'with more ends than there are',
      { ...jwk, key_ops: Array.from({ length: 17 }, () => 'verify') },
    ],
    ['RSA with null for its parts', { kty: 'RSA', n: null, e: null }],
    ['RSA of 1024 bits', exported(small.publicKey)],
    [
      'RSA with an exponent of more than 64 bits',
      { ...exported(rsa.publicKey), e: 'AQABAQABAQAB' },
    ],
    ['RSA of more than 16384 bits', { ...exported(rsa.publicKey), n: 'AQAB'.repeat(683) }],
    ['a point of too many bytes', { ...jwk, x: `${'A'.repeat(89)}${String(jwk.x)}` }],
    ['a point that is not on its curve', { ...jwk, x: jwk.y }],
    ['without its parts', { kty: 'RSA', kid: 'x' }],
    ['a text', 'key'],
    ['null', null],
    ['a list', [jwk]],
  ])('%s', (_title, key) => {
    expect(readJwks({ keys: [key] })).toBeUndefined()
    expect(readJwks({ keys: [key, jwk] })?.identity).toBe(readJwks({ keys: [jwk] })?.identity)
  })
})

describe('a document is no key set:', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a list', [jwk]],
    ['a key', jwk],
    ['without keys', {}],
    ['with no key', { keys: [] }],
    ['with an object of keys', { keys: { 0: jwk, length: 1 } }],
    ['with more than a hundred keys', { keys: Array.from({ length: 101 }, () => jwk) }],
  ])('%s', (_title, document) => {
    expect(readJwks(document)).toBeUndefined()
  })
})

describe('a set tells how many secrets it gives away:', () => {
  it.each<[string, readonly unknown[], number]>([
    ['none', [jwk, { ...jwk, use: 'enc' }], 0],
    ['a private key', [jwk, exported(rsa.privateKey)], 1],
    ['a symmetric one too', [jwk, exported(rsa.privateKey), { kty: 'oct', k: 'AAAA' }], 2],
  ])('%s', (_title, keys, exposed) => {
    expect(readJwks({ keys })?.exposed).toBe(exposed)
  })
})

describe('two sets', () => {
  const other = createSigner().jwk

  it('are the same whatever the order', () => {
    expect(readJwks({ keys: [jwk, other] })?.identity).toBe(
      readJwks({ keys: [other, jwk] })?.identity,
    )
  })

  it('differ where a key has another name', () => {
    expect(readJwks({ keys: [jwk] })?.identity).not.toBe(
      readJwks({ keys: [{ ...jwk, kid: 'other' }] })?.identity,
    )
  })
})
