import { hash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { effectivePolicyOf, judgeByRules } from '../../src/access/effective-policy.ts'
import type { JwtProvider, JwtProviders } from '../../src/tokens/jwt-providers.ts'
import { aService } from '../../testing/builders.ts'
import type { Claims, OidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { policyOf, type Spec } from '../../testing/policies/policies.ts'
import { queueKeyFor } from '../../testing/queue-keys.ts'
import { anIssuer, aProvider, someProviders } from './support.ts'

const PLACE = { kind: 'header', name: 'authorization' } as const
const GET = { method: 'GET', path: '/' }

let issuer: OidcIssuer
let byList: JwtProviders
let byPath: JwtProviders

beforeAll(async () => {
  issuer = await anIssuer()
  const groups = { claim: 'realm_access.roles', prefix: 'idp:' }
  const rbac: JwtProvider['rbac'] = { username: { claim: 'sub', prefix: 'idp:' }, groups }
  byList = someProviders([aProvider(issuer)])
  byPath = someProviders([aProvider(issuer, { rbac })])
})

/** The result of a policy's rules for a signed token with these claims. */
async function verdictOf(providers: JwtProviders, claims: Claims, spec: Spec): Promise<string> {
  const token = issuer.token(claims)
  const found = await providers.authenticate(
    token,
    hash('sha256', token),
    [PLACE],
    queueKeyFor('team'),
  )
  if (found?.kind !== 'known') throw new Error(found?.reason)
  return judgeByRules(effectivePolicyOf(aService(), [policyOf(spec)]), found.caller, GET)
}

describe('rules and claims in bug reports', () => {
  const byClaim = (list: 'deny' | 'allow', claim: string, text: string): Spec => ({
    [list]: [{ from: [{ claims: { [claim]: [text] } }] }],
  })
  const suspended = byClaim('deny', 'suspended', 'true')

  it.each<[report: string, claims: Claims, spec: Spec, verdict: string]>([
    ['istio#41290: a boolean', { suspended: true }, suspended, 'denied'],
    ['istio#41290: the same as text', { suspended: 'true' }, suspended, 'denied'],
    ['istio#41290: the other value', { suspended: false }, suspended, 'silent'],
    ['istio#13565: scopes', { scope: 'openid trial' }, byClaim('deny', 'scope', 'trial'), 'denied'],
    [
      'istio#13565: scopes that match',
      { scope: 'openid predict' },
      byClaim('allow', 'scope', 'predict'),
      'allowed',
    ],
    [
      'istio#13565: another scope',
      { scope: 'openid predictions' },
      byClaim('allow', 'scope', 'predict'),
      'refused',
    ],
  ])('%s', async (_report, claims, spec, verdict) => {
    expect(await verdictOf(byList, claims, spec)).toBe(verdict)
  })

  it.each<[report: string, claims: Claims, list: 'deny' | 'allow', verdict: string]>([
    ['denied', { realm_access: { roles: ['trial'] } }, 'deny', 'denied'],
    ['allowed', { realm_access: { roles: ['trial'] } }, 'allow', 'allowed'],
    ['without the role', { realm_access: { roles: [] } }, 'deny', 'silent'],
    ['left out', { _claim_names: { realm_access: 'src1' } }, 'deny', 'denied'],
    ['left out', { _claim_names: { realm_access: 'src1' } }, 'allow', 'refused'],
  ])('oauth2-proxy#1326: groups at a path, %s', async (_report, claims, list, verdict) => {
    const spec = { [list]: [{ from: [{ groups: ['idp:trial'] }] }] }
    expect(await verdictOf(byPath, claims, spec)).toBe(verdict)
  })
})
