import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { bearer, type Installation, modelBehind } from '../../testing/identity-engine.ts'
import {
  type Claims,
  createSigner,
  nowSeconds,
  type OidcIssuer,
} from '../../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../../testing/issuers/provider.ts'
import { anIssuer } from './support.ts'

const ADA = { kind: 'User', name: 'issuer:ada' } as const
const ALLOWING_EVERYBODY = { allow: [{}] }

/** A model with users of one issuer as callers. */
const modelOf = (issuer: OidcIssuer, provider: object = {}, given: Installation = {}) =>
  modelBehind({
    subjects: [ADA],
    ...given,
    config: {
      ...given.config,
      jwt: {
        providers: [
          providerOf(issuer, { algorithms: ['ES256', 'RS256', 'EdDSA', 'Ed25519'], ...provider }),
        ],
      },
    },
  })

/** The answer to a token of an issuer, with default claims or others. */
async function answerTo(claims: Claims, provider: object = {}, given: Installation = {}) {
  const issuer = await anIssuer()
  const { ask } = await modelOf(issuer, provider, given)
  return ask(bearer(issuer.token(claims)))
}

describe('key sets in bug reports', () => {
  it('php-jwt#321: null or empty members are ignored', async () => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    issuer.publish({ ...signer.jwk, d: null, key_ops: [], use: '' })
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token()))).answer).toBe('allow')
  })

  it.each([121, 1_000])('adcp#5445: %d keys are read', async (count) => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    const others = Array.from({ length: count - 1 }, (_, index) => ({
      ...signer.jwk,
      kid: `other ${index}`,
    }))
    issuer.publish(...others, signer.jwk)
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token()))).answer).toBe('allow')
  })

  it('canvas-lms#2639: a byte order mark before the set is ignored', async () => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    issuer.fail((response) => response.end(`\ufeff${JSON.stringify({ keys: [signer.jwk] })}`))
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token()))).answer).toBe('allow')

    const folder = await mkdtemp(path.join(tmpdir(), 'keys-'))
    const jwksFile = path.join(folder, 'jwks.json')
    await writeFile(jwksFile, `\ufeff${JSON.stringify({ keys: [signer.jwk] })}`)
    const { jwksUri: _, ...provider } = providerOf(issuer, { jwksFile })
    const local = await modelBehind({ subjects: [ADA], config: { jwt: { providers: [provider] } } })
    expect((await local.ask(bearer(issuer.token()))).answer).toBe('allow')
    await rm(folder, { recursive: true })
  })

  it('cloudfoundry/uaa#3365: an API server serves its keys only in the form of RFC 7517', async () => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    issuer.fail((response, { headers }) => {
      const asked = (headers.accept ?? '').split(',').map((each) => each.replace(/;.*/, '').trim())
      if (!asked.includes('application/jwk-set+json')) response.writeHead(406).end()
      else response.end(JSON.stringify({ keys: [signer.jwk] }))
    })
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token()))).answer).toBe('allow')
  })

  it.each<[title: string, kid: string | undefined]>([
    ['an unknown kid', 'another'],
    ['an empty kid', ''],
    ['no name', undefined],
  ])('jwt_verify_lib#65: a key without a kid is tried for a token with %s', async (_title, kid) => {
    const signer = createSigner()
    const issuer = await anIssuer({ signer })
    issuer.publish(createSigner().jwk, { ...signer.jwk, kid: undefined }, { kty: 'AKP' }, 7, null)
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token({}, { kid })))).answer).toBe('allow')
    const foreign = createSigner().sign(
      { iss: issuer.issuer, aud: 'models', sub: 'ada', exp: nowSeconds() + 60 },
      { kid },
    )
    expect((await ask(bearer(foreign))).answer).toBe('invalid-token')
  })

  it.each(['EdDSA', 'Ed25519'] as const)('RFC 9864: %s is supported', async (alg) => {
    const signer = createSigner('EdDSA')
    const issuer = await anIssuer({ signer })
    issuer.publish({ ...signer.jwk, alg: undefined })
    const { ask } = await modelOf(issuer)
    expect((await ask(bearer(issuer.token({}, { alg })))).answer).toBe('allow')
    const other = await modelOf(issuer, {
      algorithms: ['ES256', alg === 'EdDSA' ? 'Ed25519' : 'EdDSA'],
    })
    expect((await other.ask(bearer(issuer.token({}, { alg })))).answer).toBe('invalid-token')
  })
})

describe('claims of tokens in bug reports', () => {
  it('oauth2-proxy#1902: a token of 10 KiB with 160 groups is accepted', async () => {
    const groups = Array.from(
      { length: 160 },
      (_, index) => `00000000-0000-4000-8000-${`${index}`.padStart(12, '0')}`,
    )
    const rbac = {
      username: { claim: 'sub', prefix: 'issuer:' },
      groups: { claim: 'groups', prefix: 'issuer:' },
    }
    const subjects = [{ kind: 'Group', name: `issuer:${groups[159]}` }] as const
    const { answer, set } = await answerTo({ groups }, { rbac }, { subjects })
    expect(answer).toBe('allow')
    expect(set['x-auth-request-groups']?.split(',')).toHaveLength(160)
    expect(JSON.parse(set['x-auth-request-groups-json'] ?? '')).toHaveLength(160)
  })

  it('istio#59541: a token without sub matches a rule on client_id', async () => {
    const policy = { allow: [{ from: [{ claims: { client_id: ['batch'] } }] }] }
    const claims = { sub: undefined, client_id: 'batch' }
    for (const provider of [{}, { rbac: undefined }]) {
      expect((await answerTo(claims, provider, { policy })).answer).toBe('allow')
      const other = await answerTo({ sub: undefined, client_id: 'web' }, provider, { policy })
      expect(other.answer).toBe('not-permitted')
    }
  })

  it('istio#59541: and the reason is reported if RBAC needs the user', async () => {
    const asked = await answerTo({ sub: undefined })
    expect(asked).toMatchObject({ answer: 'invalid-token', phrase: 'token names no user' })
    expect(asked.steps.join('\n')).toContain('RBAC, get inferenceservices/iris in team: no-user')
  })

  it('oauth2-proxy#2037: a token without aud is accepted by its client_id, if that is configured', async () => {
    const cognito = { audiences: { claim: 'client_id', values: ['app'] } }
    const ofCognito = (client: unknown) => answerTo({ aud: undefined, client_id: client }, cognito)
    expect((await ofCognito('app')).answer).toBe('allow')
    for (const client of ['other', undefined, 7, {}, [['app']]]) {
      expect((await ofCognito(client)).answer).toBe('wrong-audience')
    }
    expect((await answerTo({ aud: undefined, client_id: 'app' })).answer).toBe('wrong-audience')
    expect((await answerTo({ aud: 'app' }, cognito)).answer).toBe('wrong-audience')
  })

  it.each<[unknown, string]>([
    ['true', 'allow'],
    [true, 'allow'],
    ['false', 'invalid-token'],
    [false, 'invalid-token'],
  ])('oauth2-proxy#103: email_verified: %j', async (verified, answer) => {
    const rbac = { username: { claim: 'email', prefix: 'issuer:' } }
    const claims = { email: 'ada', email_verified: verified }
    expect((await answerTo(claims, { rbac })).answer).toBe(answer)
  })

  it.each<[title: string, ahead: object, clockSkew: number | undefined, answer: string]>([
    ['ahead by 45 s', { iat: 45, nbf: 45 }, undefined, 'allow'],
    ['ahead by 290 s', { nbf: 290 }, 300, 'allow'],
    ['ahead by 290 s', { nbf: 290 }, undefined, 'invalid-token'],
    ['ahead by 45 s', { iat: 45 }, 0, 'invalid-token'],
    ['behind by 45 s', { exp: -45 }, undefined, 'allow'],
    ['behind by 45 s', { exp: -45 }, 0, 'expired-token'],
    ['unreadable', { iat: Number.NaN }, undefined, 'allow'],
  ])(
    'kgateway#14686: a clock that is %s (%j, leeway %j): %s',
    async (_title, ahead, clockSkew, answer) => {
      const provider = clockSkew === undefined ? {} : { clockSkew }
      const times = Object.entries(ahead).map(([claim, seconds]) => [
        claim,
        Number.isNaN(seconds) ? 'now' : nowSeconds() + seconds,
      ])
      expect((await answerTo(Object.fromEntries(times), provider)).answer).toBe(answer)
    },
  )

  it('louketo-proxy#664: non-ASCII names arrive encoded', async () => {
    const rbac = {
      username: { claim: 'sub', prefix: 'issuer:' },
      groups: { claim: 'groups', prefix: '' },
    }
    const claims = { sub: 'jürgen', groups: ['CN=ml,OU=groups,DC=acme', 'ml'] }
    const provider = { rbac: { ...rbac, groups: { claim: 'groups', prefix: 'issuer:' } } }
    const { answer, set } = await answerTo(claims, provider, { policy: ALLOWING_EVERYBODY })
    expect(answer).toBe('allow')
    expect(set).toMatchObject({
      'x-auth-request-user': 'issuer:j%C3%BCrgen',
      'x-auth-request-groups': 'issuer:CN=ml%2COU=groups%2CDC=acme,issuer:ml',
      'x-auth-request-groups-json': '["issuer:CN=ml,OU=groups,DC=acme","issuer:ml"]',
    })
  })

  it('claims that are not texts are forwarded as well', async () => {
    const claims = { level: 3, staff: false, roles: ['a', 'b'], deep: { er: 'x' } }
    const config = {
      headers: {
        claims: {
          'x-level': 'level',
          'x-staff': 'staff',
          'x-roles': 'roles',
          'x-deep': 'deep',
          'x-er': 'deep.er',
        },
      },
    }
    const { set, removed } = await answerTo(claims, {}, { config })
    expect(set).toMatchObject({
      'x-level': '3',
      'x-staff': 'false',
      'x-roles': '["a","b"]',
      'x-er': 'x',
    })
    expect(removed).toContain('x-deep')
  })
})

describe('groups that a token omits', () => {
  const rbac = {
    username: { claim: 'sub', prefix: 'issuer:' },
    groups: { claim: 'groups', prefix: 'issuer:' },
  }
  const left = { _claim_names: { groups: 'src1' } }
  const ofGroup = (list: 'allow' | 'deny') => ({ [list]: [{ from: [{ groups: ['issuer:ml'] }] }] })

  it.each<[title: string, claims: Claims, given: Installation, answer: string]>([
    ['for a deny rule', left, { policy: ofGroup('deny') }, 'groups-unknown'],
    ['for an allow rule', left, { policy: ofGroup('allow') }, 'groups-unknown'],
    ['for RBAC', left, { subjects: [] }, 'groups-unknown'],
    ['with hasgroups', { hasgroups: true }, { subjects: [] }, 'groups-unknown'],
    ['with an invalid one', { groups: ['a', null] }, { policy: ofGroup('deny') }, 'groups-unknown'],
    ['for RBAC, which knows the user', left, {}, 'allow'],
    [
      'for a deny rule on the user',
      left,
      { policy: { deny: [{ from: [{ users: ['issuer:ada'] }] }] } },
      'denied-by-rule',
    ],
    [
      'for an allow rule on a claim',
      left,
      { policy: { allow: [{ from: [{ claims: { a: ['b'] } }] }] } },
      'not-permitted',
    ],
    [
      'all present, for an allow rule',
      { groups: ['a'] },
      { policy: ofGroup('allow') },
      'not-permitted',
    ],
    ['all present, for RBAC', { groups: ['a'] }, { subjects: [] }, 'not-permitted'],
    [
      'with an invalid one next to a valid one',
      { groups: ['ml', null] },
      { policy: ofGroup('allow') },
      'allow',
    ],
  ])('%s', async (_title, claims, given, answer) => {
    expect((await answerTo(claims, { rbac }, given)).answer).toBe(answer)
  })
})

describe('users of an issuer', () => {
  const everybody = [{ kind: 'Group', name: 'system:authenticated' }] as const

  it('are in system:authenticated by default', async () => {
    const rbac = { username: { claim: 'sub', prefix: 'issuer:' } }
    const given = { subjects: everybody }
    expect((await answerTo({}, { rbac }, given)).answer).toBe('allow')
    const other = { rbac: { ...rbac, systemAuthenticated: false } }
    expect((await answerTo({}, other, given)).answer).toBe('not-permitted')
    expect((await answerTo({}, { rbac: undefined }, given)).answer).toBe('not-permitted')
    expect((await answerTo({ sub: undefined }, { rbac }, given)).answer).toBe('invalid-token')
  })

  it("are never in another Kubernetes group, nor Kubernetes' own users", async () => {
    const claims = { sub: 'system:serviceaccount:team:reader', groups: ['system:masters'] }
    const policy = ALLOWING_EVERYBODY
    expect((await answerTo(claims, { rbac: undefined }, { policy })).answer).toBe('invalid-token')
    const user = { claim: 'sub', prefix: 'other:' }
    const { answer, set } = await answerTo(claims, { rbac: undefined, user }, { policy })
    expect(answer).toBe('allow')
    expect(set['x-auth-request-user']).toBe('other:system:serviceaccount:team:reader')
    const groups = { claim: 'groups', prefix: 'other:' }
    const { set: given } = await answerTo(claims, { rbac: { username: user, groups } }, { policy })
    expect(given['x-auth-request-groups']).toBe('other:system:masters')
  })
})
