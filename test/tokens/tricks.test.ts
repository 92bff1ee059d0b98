import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto'
import { CompactEncrypt, importJWK } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { JwtProviders } from '../../src/tokens/jwt-providers.ts'
import {
  type Claims,
  createSigner,
  goodClaims,
  nowSeconds,
  type OidcIssuer,
} from '../../testing/issuers/oidc-issuer.ts'
import { anIssuer, aProvider, compact, encoded, someProviders, verdictOf } from './support.ts'

const rsa = createSigner('RS256')
const ours = createSigner()
/** Another key with the same kid. */
const twin = createSigner()
const theirs = createSigner()
const mallory = createSigner()
const secret = {
  kty: 'oct',
  kid: 'secret',
  alg: 'HS256',
  k: encoded('a secret of 32 bytes for HS256..'),
}

let issuer: OidcIssuer
let other: OidcIssuer
let elsewhere: OidcIssuer
let providers: JwtProviders

beforeAll(async () => {
  issuer = await anIssuer({ signer: ours })
  other = await anIssuer({ signer: theirs })
  elsewhere = await anIssuer({ signer: mallory })
  issuer.publish({ ...twin.jwk, kid: ours.jwk.kid }, ours.jwk, rsa.jwk, secret)
  other.publish(theirs.jwk, { ...theirs.jwk, kid: ours.jwk.kid })
  providers = someProviders(
    [
      aProvider(issuer, { algorithms: ['ES256', 'RS256'], types: ['Token+JWT'] }),
      aProvider(other, { name: 'other' }),
    ],
    { periods: { coolDown: 0 } },
  )
})

afterEach(() => vi.restoreAllMocks())

const good = (claims: Claims = {}): Claims => ({ ...goodClaims(issuer.issuer), ...claims })
const keyOf = (jwk: Readonly<Record<string, unknown>>) =>
  createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
const hmac = (key: string | Buffer) => (input: string) =>
  createHmac('sha256', key).update(input).digest()
const pem = () => keyOf(rsa.jwk).export({ type: 'spki', format: 'pem' })
const modulus = () => Buffer.from(String(rsa.jwk.n), 'base64url')
const unsigned = (alg: string) => compact({ alg, typ: 'JWT' }, good(), () => Buffer.alloc(0))

/** The same bytes in another encoding: unused bits of the last character are set. */
function respelt(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet[alphabet.indexOf(segment.at(-1) ?? '') + 1] ?? ''
  const other = segment.slice(0, -1) + last
  const same = Buffer.from(other, 'base64url').equals(Buffer.from(segment, 'base64url'))
  if (other === segment || !same) throw new Error('the segment has no spare bits')
  return other
}

type Row = readonly [title: string, token: () => string | Promise<string>, verdict: string]

const ACCEPTED: readonly Row[] = [
  ['a valid token', () => ours.sign(good()), 'idp:ada'],
  [
    'a token of another key with the same kid',
    () => twin.sign(good(), { kid: ours.jwk.kid }),
    'idp:ada',
  ],
  ['a valid RS256 token', () => rsa.sign(good()), 'idp:ada'],
  ['a token without a kid', () => ours.sign(good(), { kid: undefined }), 'idp:ada'],
  ['typ at+jwt', () => ours.sign(good(), { typ: 'at+jwt' }), 'idp:ada'],
  ['no typ', () => ours.sign(good(), { typ: undefined }), 'idp:ada'],
  ['aud with other audiences', () => ours.sign(good({ aud: ['notebooks', 'models'] })), 'idp:ada'],
  ['exp within the leeway', () => ours.sign(good({ exp: nowSeconds() - 55 })), 'idp:ada'],
  ['nbf within the leeway', () => ours.sign(good({ nbf: nowSeconds() + 55 })), 'idp:ada'],
  ['a fraction of a second', () => ours.sign(good({ exp: nowSeconds() + 60.5 })), 'idp:ada'],
  ['iat within the leeway', () => ours.sign(good({ iat: nowSeconds() + 55 })), 'idp:ada'],
  ['iat that is text', () => ours.sign(good({ iat: 'now' })), 'idp:ada'],
  ['iat that is null', () => ours.sign(good({ iat: null })), 'idp:ada'],
  ['iat long ago', () => ours.sign(good({ iat: 1 })), 'idp:ada'],
  ['no iat', () => ours.sign(good({ iat: undefined })), 'idp:ada'],
  [
    'keys in its header, which are ignored',
    () => ours.sign(good(), { jwk: mallory.jwk, jku: elsewhere.jwksUri, x5u: elsewhere.jwksUri }),
    'idp:ada',
  ],
  ['8 kB', () => ours.sign(good({ padding: 'x'.repeat(5_500) })), 'idp:ada'],
  [
    'a claim named __proto__',
    () => ours.sign(JSON.parse(`{"__proto__":{"admin":true},${JSON.stringify(good()).slice(1)}`)),
    'idp:ada',
  ],
  ['typ JWT', () => ours.sign(good(), { typ: 'JWT' }), 'idp:ada'],
  ['typ in lower case', () => ours.sign(good(), { typ: 'jwt' }), 'idp:ada'],
  ['typ at+jwt', () => ours.sign(good(), { typ: 'at+jwt' }), 'idp:ada'],
  ['typ as a media type', () => ours.sign(good(), { typ: 'Application/AT+JWT' }), 'idp:ada'],
  ['no typ', () => ours.sign(good(), { typ: undefined }), 'idp:ada'],
  [
    'a typ that the provider configures',
    () => ours.sign(good(), { typ: 'application/token+jwt' }),
    'idp:ada',
  ],
  ['a key and events that are null', () => ours.sign(good({ cnf: null, events: null })), 'idp:ada'],
  ['a claim named constructor', () => ours.sign(good({ constructor: 'x' })), 'idp:ada'],
]

/** Decided without a key. */
const CHEAP: readonly Row[] = [
  ['alg none', () => unsigned('none'), 'invalid-token'],
  ['alg None', () => unsigned('None'), 'invalid-token'],
  ['alg NONE', () => unsigned('NONE'), 'invalid-token'],
  ['alg nOnE', () => unsigned('nOnE'), 'invalid-token'],
  ['alg none with a signature', () => ours.sign(good(), { alg: 'none' }), 'invalid-token'],
  ['no alg', () => ours.sign(good(), { alg: undefined }), 'invalid-token'],
  ['alg that is a list', () => ours.sign(good(), { alg: ['ES256'] }), 'invalid-token'],
  ['alg in another letter case', () => ours.sign(good(), { alg: 'es256' }), 'invalid-token'],
  [
    'HS256 with the PEM of the RSA key',
    () => compact({ alg: 'HS256', kid: rsa.jwk.kid }, good(), hmac(pem())),
    'invalid-token',
  ],
  [
    'HS256 with the modulus of the RSA key',
    () => compact({ alg: 'HS256', kid: rsa.jwk.kid }, good(), hmac(modulus())),
    'invalid-token',
  ],
  [
    'HS256 with the modulus as text',
    () => compact({ alg: 'HS256', kid: rsa.jwk.kid }, good(), hmac(String(rsa.jwk.n))),
    'invalid-token',
  ],
  [
    'HS256 with an oct key of the set',
    () =>
      compact({ alg: 'HS256', kid: 'secret' }, good(), hmac(Buffer.from(secret.k, 'base64url'))),
    'invalid-token',
  ],
  [
    'an algorithm that is not configured',
    () => rsa.sign(good(), { alg: 'RS512' }),
    'invalid-token',
  ],
  ['crit', () => ours.sign(good(), { crit: ['exp'], exp: nowSeconds() + 60 }), 'invalid-token'],
  ['crit that is empty', () => ours.sign(good(), { crit: [] }), 'invalid-token'],
  ['b64 false', () => ours.sign(good(), { b64: false, crit: ['b64'] }), 'invalid-token'],
  ['b64 false that is not critical', () => ours.sign(good(), { b64: false }), 'invalid-token'],
  ['a kid that is a number', () => ours.sign(good(), { kid: 7 }), 'invalid-token'],
  ['a kid that is an object', () => ours.sign(good(), { kid: {} }), 'invalid-token'],
  ['typ that is a number', () => ours.sign(good(), { typ: 7 }), 'invalid-token'],
  ['a logout token', () => ours.sign(good(), { typ: 'logout+jwt' }), 'invalid-token'],
  ['a logout token without its typ', () => ours.sign(good({ events: LOGOUT })), 'invalid-token'],
  ['a security event without its typ', () => ours.sign(good({ events: {} })), 'invalid-token'],
  ['a DPoP proof', () => ours.sign(good(), { typ: 'dpop+jwt' }), 'invalid-token'],
  ['a DPoP proof', () => ours.sign(good(), { typ: 'openid4vci-proof+jwt' }), 'invalid-token'],
  ['a request object', () => ours.sign(good(), { typ: 'oauth-authz-req+jwt' }), 'invalid-token'],
  [
    'an introspection',
    () => ours.sign(good(), { typ: 'token-introspection+jwt' }),
    'invalid-token',
  ],
  ['an unknown typ', () => ours.sign(good(), { typ: 'new+jwt' }), 'invalid-token'],
  ['an empty typ', () => ours.sign(good(), { typ: '' }), 'invalid-token'],
  ['a typ with a space', () => ours.sign(good(), { typ: 'JWT ' }), 'invalid-token'],
  ['a typ with a parameter', () => ours.sign(good(), { typ: 'at+jwt;a=b' }), 'invalid-token'],
  ['a typ of another media type', () => ours.sign(good(), { typ: 'text/jwt' }), 'invalid-token'],
  [
    'a typ with a repeated prefix',
    () => ours.sign(good(), { typ: 'application/application/jwt' }),
    'invalid-token',
  ],
  [
    'a typ in another letter case',
    () => ours.sign(good(), { typ: 'to\u212aen+jwt' }),
    'invalid-token',
  ],
  ['a typ that is null', () => ours.sign(good(), { typ: null }), 'invalid-token'],
  [
    'a typ of another provider',
    () => theirs.sign(goodClaims(other.issuer), { typ: 'Token+jwt' }),
    'invalid-token',
  ],
  ['a token bound to a key by DPoP', () => ours.sign(good({ cnf: { jkt: 'x' } })), 'invalid-token'],
  [
    'a token bound to a certificate',
    () => ours.sign(good({ cnf: { 'x5t#S256': 'x' } })),
    'invalid-token',
  ],
  ['a token bound to something unknown', () => ours.sign(good({ cnf: {} })), 'invalid-token'],
  [
    'a token bound to a value that is not an object',
    () => ours.sign(good({ cnf: false })),
    'invalid-token',
  ],
  [
    'a security event',
    () => ours.sign(good(), { typ: 'application/SecEvent+JWT' }),
    'invalid-token',
  ],
  ['a JWE', async () => encrypted(good()), 'invalid-token'],
  ['four segments', () => `${ours.sign(good())}.x`, 'invalid-token'],
  ['two segments', () => ours.sign(good()).split('.').slice(0, 2).join('.'), 'invalid-token'],
  ['no signature', () => ours.sign(good()).replace(/[^.]*$/, ''), 'invalid-token'],
  ['padding', () => `${ours.sign(good())}==`, 'invalid-token'],
  ['base64 that is not base64url', () => `${ours.sign(good()).slice(0, -1)}+`, 'invalid-token'],
  [
    'a signature in another encoding',
    () => ours.sign(good()).replace(/[^.]*$/, respelt),
    'invalid-token',
  ],
  [
    'a header in another encoding',
    () => ours.sign(good(), { x: 'xx' }).replace(/^[^.]*/, respelt),
    'invalid-token',
  ],
  ['a JWT within', () => compact({ alg: 'ES256', cty: 'JWT' }, ours.sign(good())), 'invalid-token'],
  ['a payload that is a list', () => compact({ alg: 'ES256' }, '[]'), 'invalid-token'],
  ['a payload that is null', () => compact({ alg: 'ES256' }, 'null'), 'invalid-token'],
  ['a payload that is not JSON', () => compact({ alg: 'ES256' }, '{'), 'invalid-token'],
  [
    'a payload that is not UTF-8',
    () => compact({ alg: 'ES256' }, Buffer.from('{"sub":"\xff"}', 'latin1')),
    'invalid-token',
  ],
  [
    'a header that is not UTF-8',
    () =>
      compact({ alg: 'ES256' }, good()).replace(
        /^[^.]*/,
        encoded(Buffer.from('{"alg":"\xff"}', 'latin1')),
      ),
    'invalid-token',
  ],
  ['no iss', () => ours.sign(good({ iss: undefined })), 'unknown-issuer'],
  [
    'iss with an additional slash',
    () => ours.sign(good({ iss: `${issuer.issuer}/` })),
    'unknown-issuer',
  ],
  [
    'iss in another letter case',
    () => ours.sign(good({ iss: issuer.issuer.toUpperCase() })),
    'unknown-issuer',
  ],
  ['iss that is a list', () => ours.sign(good({ iss: [issuer.issuer] })), 'unknown-issuer'],
  ['an empty iss', () => ours.sign(good({ iss: '' })), 'unknown-issuer'],
  ['an issuer that is not configured', () => elsewhere.token(), 'unknown-issuer'],
  ['aud with other audiences only', () => ours.sign(good({ aud: 'notebooks' })), 'wrong-audience'],
  ['no aud', () => ours.sign(good({ aud: undefined })), 'wrong-audience'],
  ['an empty list for aud', () => ours.sign(good({ aud: [] })), 'wrong-audience'],
  ['aud that is a number', () => ours.sign(good({ aud: 7 })), 'wrong-audience'],
  ['aud in a nested list', () => ours.sign(good({ aud: [['models']] })), 'wrong-audience'],
  [
    'aud that only starts like ours',
    () => ours.sign(good({ aud: 'models.example' })),
    'wrong-audience',
  ],
  ['expired', () => ours.sign(good({ exp: nowSeconds() - 61 })), 'expired-token'],
  ['a negative exp', () => ours.sign(good({ exp: -1 })), 'expired-token'],
  ['no exp', () => ours.sign(good({ exp: undefined })), 'invalid-token'],
  ['exp that is text', () => ours.sign(good({ exp: `${nowSeconds() + 60}` })), 'invalid-token'],
  ['exp that is null', () => ours.sign(good({ exp: null })), 'invalid-token'],
  ['exp that is too large a number', () => hugeTime('exp'), 'invalid-token'],
  ['nbf that is too large a number', () => hugeTime('nbf'), 'invalid-token'],
  ['iat that is too large a number', () => hugeTime('iat'), 'invalid-token'],
  ['nbf that is text', () => ours.sign(good({ nbf: '0' })), 'invalid-token'],
  ['nbf in the future', () => ours.sign(good({ nbf: nowSeconds() + 65 })), 'invalid-token'],
  ['iat in the future', () => ours.sign(good({ iat: nowSeconds() + 65 })), 'invalid-token'],
]

/** Decided by the key set or the signature. */
const DEAR: readonly Row[] = [
  ['an invalid signature', () => compact(headerOf(), good()), 'invalid-token'],
  [
    'a signature of another key',
    () => mallory.sign(good(), { kid: ours.jwk.kid }),
    'invalid-token',
  ],
  [
    'a signature of another key without a kid',
    () => mallory.sign(good(), { kid: undefined }),
    'invalid-token',
  ],
  ['claims changed after signing', () => changed(), 'invalid-token'],
  [
    'a signature in DER',
    () => compact(headerOf(), good(), () => Buffer.alloc(70, 0x30)),
    'invalid-token',
  ],
  [
    'a signature of zeros',
    () => compact(headerOf(), good(), () => Buffer.alloc(64)),
    'invalid-token',
  ],
  [
    'an embedded jwk',
    () => mallory.sign(good(), { kid: undefined, jwk: mallory.jwk }),
    'invalid-token',
  ],
  ['a jku', () => mallory.sign(good(), { jku: elsewhere.jwksUri }), 'invalid-token'],
  ['an x5u', () => mallory.sign(good(), { x5u: elsewhere.jwksUri }), 'invalid-token'],
  ['an x5c', () => mallory.sign(good(), { x5c: ['MIIB'], kid: undefined }), 'invalid-token'],
  ['a kid that is a path', () => mallory.sign(good(), { kid: '../../keys' }), 'invalid-token'],
  ['the kid of an oct key', () => mallory.sign(good(), { kid: 'secret' }), 'invalid-token'],
  ['an algorithm for another key type', () => ours.sign(good(), { alg: 'RS256' }), 'invalid-token'],
  ['a key of another issuer', () => theirs.sign(good()), 'invalid-token'],
  ['the kid of another issuer', () => ours.sign(good(), { kid: theirs.jwk.kid }), 'invalid-token'],
  [
    'the same kid at another issuer',
    () => theirs.sign(good(), { kid: ours.jwk.kid }),
    'invalid-token',
  ],
]

const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} }

const headerOf = () => ({ alg: 'ES256', kid: ours.jwk.kid })

function changed(): string {
  const [header, , signature] = ours.sign(good()).split('.')
  return `${header}.${encoded(good({ sub: 'mallory' }))}.${signature}`
}

/** JSON has no limit for numbers; in JavaScript this one is infinite. */
const hugeTime = (claim: string): string =>
  compact(headerOf(), JSON.stringify(good({ [claim]: '?' })).replace('"?"', '1e400'))

async function encrypted(claims: Claims): Promise<string> {
  const { kty, n, e } = rsa.jwk
  const key = await importJWK({ kty: String(kty), n: String(n), e: String(e) }, 'RSA-OAEP-256')
  return new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(key)
}

describe('a token is accepted:', () => {
  it.each(ACCEPTED)('%s', async (_title, token, verdict) => {
    expect(await verdictOf(providers, await token())).toBe(verdict)
  })

  it('each issuer is trusted for its own tokens only, even if their keys have the same kid', async () => {
    const token = theirs.sign(goodClaims(other.issuer), { kid: ours.jwk.kid })
    expect(await verdictOf(providers, token)).toBe('idp:ada')
  })
})

describe('a token is refused before its signature is verified or a key is fetched:', () => {
  it.each(CHEAP)('%s', async (_title, token, verdict) => {
    const fetches = issuer.asked().fetches + other.asked().fetches
    const made = await token()
    const signatures = vi.spyOn(crypto.subtle, 'verify')

    expect(await verdictOf(providers, made)).toBe(verdict)
    expect(signatures).toHaveBeenCalledTimes(0)
    expect(issuer.asked().fetches + other.asked().fetches).toBe(fetches)
  })
})

describe('a token is refused:', () => {
  it.each(DEAR)('%s', async (_title, token, verdict) => {
    expect(await verdictOf(providers, await token())).toBe(verdict)
    expect(elsewhere.asked()).toEqual({ discoveries: 0, fetches: 0 })
  })
})

describe('a text is not a JWT:', () => {
  it.each([
    ['nothing', ''],
    ['a word', 'sha256~abc'],
    ['two points', '..'],
    ['words between points', 'a.b.c'],
    ['the JSON form', '{"payload":"e30","protected":"e30","signature":"AA"}'],
  ])('%s', async (_title, text) => {
    expect(await verdictOf(providers, text)).toBeUndefined()
  })
})
