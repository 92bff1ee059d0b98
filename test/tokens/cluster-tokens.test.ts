import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCache } from '../../src/common/cache.ts'
import { type ClusterTokens, createClusterTokens } from '../../src/tokens/cluster-tokens.ts'
import { type Claims, createSigner, nowSeconds } from '../../testing/issuers/oidc-issuer.ts'
import { atOnce, queueKeyFor } from '../../testing/queue-keys.ts'

const ISSUER = 'https://kubernetes.default.svc.cluster.local'
const AUDIENCES = ['https://kubernetes.default.svc']
const signer = createSigner('RS256')
/** The existing ServiceAccounts, each with its uid. */
const accounts = new Map<string, { readonly uid: string | undefined }>([
  ['team/reader', { uid: 'uid-1' }],
  ['team/ageless', { uid: undefined }],
])

let folder = ''
let tokens: ClusterTokens

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cluster-'))
  const jwksFile = path.join(folder, 'jwks.json')
  await writeFile(jwksFile, JSON.stringify({ keys: [signer.jwk] }))
  tokens = createClusterTokens(
    { issuer: ISSUER, jwksFile },
    {
      serviceAccount: (namespace, name) => accounts.get(`${namespace}/${name}`),
      onFailure: () => {},
      createCache,
      verifications: atOnce,
    },
  )
})

afterAll(async () => {
  tokens.close()
  await rm(folder, { recursive: true })
})

const tokenOf = (claims: Claims = {}) =>
  signer.sign({
    iss: ISSUER,
    aud: ['https://kubernetes.default.svc'],
    exp: nowSeconds() + 600,
    sub: 'system:serviceaccount:team:reader',
    'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'reader', uid: 'uid-1' } },
    ...claims,
  })

async function verdictOf(token: string) {
  const answer = await tokens.authenticate(
    token,
    hash('sha256', token),
    AUDIENCES,
    queueKeyFor('team'),
  )
  return answer?.kind === 'known' ? answer.caller : answer?.reason
}

describe('a signed token of a ServiceAccount', () => {
  it('identifies that ServiceAccount, with the groups that Kubernetes gives it', async () => {
    expect(await verdictOf(tokenOf())).toMatchObject({
      kind: 'kubernetes',
      user: 'system:serviceaccount:team:reader',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      uid: 'uid-1',
      reference: 'team/reader',
    })
  })

  it('is not valid after its deletion, although it was accepted before', async () => {
    const token = tokenOf()
    const account = { uid: 'uid-1' }
    expect(await verdictOf(token)).toMatchObject({ uid: 'uid-1' })
    accounts.delete('team/reader')
    expect(await verdictOf(token)).toBe('invalid-token')

    accounts.set('team/reader', { uid: 'uid-2' })
    expect(await verdictOf(token)).toBe('invalid-token')
    accounts.set('team/reader', account)
    expect(await verdictOf(token)).toMatchObject({ uid: 'uid-1' })
  })

  it('is valid if a folder gives it no uid', async () => {
    const sub = 'system:serviceaccount:team:ageless'
    expect(await verdictOf(tokenOf({ sub }))).toMatchObject({ user: sub })
  })

  it.each<[string, Claims, string | undefined]>([
    ['of another issuer is not examined', { iss: 'https://other' }, undefined],
    ['for another audience is refused', { aud: ['vault'] }, 'wrong-audience'],
    ['that has expired is refused', { exp: 1 }, 'expired-token'],
    [
      'of a missing ServiceAccount is refused',
      { sub: 'system:serviceaccount:team:none' },
      'invalid-token',
    ],
    ['of a user is refused', { sub: 'system:admin' }, 'invalid-token'],
    ['of a group is refused', { sub: 'system:serviceaccounts' }, 'invalid-token'],
    ['without a subject is refused', { sub: undefined }, 'invalid-token'],
    [
      'with a line break in its name is refused',
      { sub: 'system:serviceaccount:team:a\nb' },
      'invalid-token',
    ],
  ])('%s', async (_title, claims, verdict) => {
    expect(await verdictOf(tokenOf(claims))).toBe(verdict)
  })

  it('signed with another key is refused', async () => {
    const [header, payload] = tokenOf().split('.')
    expect(await verdictOf(`${header}.${payload}.${'A'.repeat(342)}`)).toBe('invalid-token')
  })
})
