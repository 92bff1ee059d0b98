import { hash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type Asked,
  callsDuring,
  statusByReview,
  statusOf,
  verdictOf,
} from '../../testing/cluster/asking.ts'
import { aNamespace } from '../../testing/cluster/installation.ts'
import { CLUSTER_ISSUER } from '../../testing/cluster/programs.ts'
import {
  inferenceService,
  readerRole,
  roleBinding,
  serviceAccount,
} from '../../testing/cluster/rbac.ts'
import { REVOCATIONS } from '../../testing/cluster/revocations.ts'
import type { ClusterService } from '../../testing/cluster/service.ts'
import { startTokenCluster, type TokenCluster } from '../../testing/cluster/token-cluster.ts'
import { boundClaims, tokenSecretOf } from '../../testing/cluster/tokens.ts'
import { mustTellNothingIn, pagesOf, tracesIn } from '../../testing/leaks.ts'

let cluster: TokenCluster
let service: ClusterService

beforeAll(async () => {
  cluster = await startTokenCluster()
  service = await cluster.serve()
})
afterAll(() => cluster?.stop())

const IRIS = { namespace: 'team', name: 'iris' }

describe('a token of the cluster', () => {
  it.each<[title: string, status: number, token: () => Promise<string>]>([
    ['that TokenRequest made opens what its ServiceAccount may get', 200, () => made('reader')],
    ['of a ServiceAccount without a RoleBinding is denied', 403, () => made('stranger')],
    ['of a ServiceAccount bound to a missing Role is denied', 403, () => bound('nowhere')],
    ['in a Secret opens it too', 200, () => held('reader', 'reader-token')],
    ['of a stranger in a Secret is denied', 403, () => held('stranger', 'stranger-token')],
    ['that a Secret names but does not contain is refused', 401, () => notHeld()],
    ['for another audience is refused', 401, () => made('reader', { audiences: ['elsewhere'] })],
    [
      'for another audience in addition to ours opens it',
      200,
      () => made('reader', { audiences: ['elsewhere', CLUSTER_ISSUER] }),
    ],
    ['bound to a token Secret opens it', 200, () => boundTo('a-token-secret')],
    ['bound to any Secret opens it', 200, () => boundTo('an-opaque-secret', 'Opaque')],
    ['that has expired is refused', 401, () => ours({ exp: 1_700_000_000 })],
    ['that is not valid yet is refused', 401, () => ours({ nbf: 4_000_000_000 })],
    ['of a ServiceAccount that never existed is refused', 401, () => ours(claimsOf('nobody'))],
    ['of an earlier ServiceAccount of that name is refused', 401, () => ours(claimsOf('reader'))],
    ['with another signature is refused', 401, async () => otherwise(await made('reader'))],
  ])('%s', async (_title, status, token) => {
    const value = await token()
    expect(await statusByReview(cluster, value, IRIS)).toBe(status)
    expect(statusOf(await verdictOf(service.gateway, { token: value }))).toBe(status)
    expect(statusOf(await verdictOf(service.gateway, { token: value }))).toBe(status)
  })

  const made = (name: string, spec: { audiences?: readonly string[] } = {}) =>
    cluster.tokenFor('team', name, spec)
  const bound = async (role: string) => {
    const subject = { kind: 'ServiceAccount', namespace: 'team', name: 'stranger' } as const
    await cluster.create(roleBinding('team', 'to-a-role', role, subject))
    return made('stranger')
  }
  const ours = (claims: object) => cluster.signer.bound('team', 'reader', { ...claims })
  const claimsOf = (account: string) => boundClaims('team', account, 'another-uid')
  const held = async (account: string, name: string) =>
    (await cluster.signer.tokenSecret('team', account, name)).token
  const notHeld = async () => {
    await held('reader', 'changed-token')
    return cluster.signer.legacy('team', 'reader', 'changed-token')
  }
  const boundTo = async (name: string, type?: string) => {
    const holder = tokenSecretOf('team', 'reader', name, 'none')
    await cluster.create({ ...holder, ...(type === undefined ? {} : { type }) })
    const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name }
    return cluster.tokenFor('team', 'reader', { boundObjectRef })
  }
})

describe('in-cluster clients by ServiceAccount (scenario 5)', () => {
  const AUDIENCES = ['pipelines.kubeflow.org']
  const iris = { namespace: 'alice', name: 'iris' }
  let kubeflow: ClusterService

  beforeAll(async () => {
    for (const namespace of ['alice', 'bob']) {
      await cluster.apply(aNamespace(namespace))
      await cluster.create(serviceAccount(namespace, 'default-editor'))
    }
    await cluster.create(inferenceService('alice', 'iris'))
    await cluster.create(readerRole('alice', 'reader'))
    const group = { kind: 'Group', name: 'system:serviceaccounts:alice' } as const
    await cluster.create(roleBinding('alice', 'everybody-here', 'reader', group))
    kubeflow = await cluster.serve({ kubernetes: { audiences: AUDIENCES } })
  })

  it.each([
    ['projected for our audience opens it by its group', 'alice', AUDIENCES, 200],
    ["that is the pod's default one is refused", 'alice', [CLUSTER_ISSUER], 401],
    ['of the same name in another namespace is denied', 'bob', AUDIENCES, 403],
  ])('a token %s', async (_title, namespace, audiences, status) => {
    const shown = { token: await cluster.tokenFor(namespace, 'default-editor', { audiences }) }
    expect(await statusByReview(cluster, shown.token, iris, AUDIENCES)).toBe(status)
    expect(statusOf(await verdictOf(kubeflow.gateway, { host: 'iris.alice.svc', ...shown }))).toBe(
      status,
    )
  })
})

describe('a credential that cannot be a token of the cluster', () => {
  it.each<[times: number, title: string, of: (text: string) => Asked]>([
    [10_000, 'garbage', (text) => ({ token: text })],
    [10_000, 'a mistyped key', (text) => ({ headers: { 'x-api-key': text } })],
    [500, 'a text that starts like a JWT', (text) => ({ token: `eyJ${text}.${text}.` })],
    [
      2_000,
      "another issuer's JWT",
      (text) => ({ token: foreign({ iss: 'https://elsewhere', jti: text }) }),
    ],
    [500, 'a JWT for another audience', (text) => ({ token: foreign({ aud: [text] }) })],
    [
      2_000,
      'a JWT that has expired',
      (text) => ({ token: foreign({ exp: 1_700_000_000, jti: text }) }),
    ],
    [500, 'a forged JWT', (text) => ({ token: `${forged}${hash('sha512', text, 'base64url')}` })],
  ])('never reaches the API server: %d times %s', async (times, _title, of) => {
    forged = (await cluster.tokenFor('team', 'reader')).replace(/[^.]+$/, '')
    const texts = Array.from({ length: times }, () => `${randomBytes(44).toString('hex')}AAAA`)
    const calls = await callsDuring(cluster, async () => {
      for (let sent = 0; sent < texts.length; sent += AT_ONCE) {
        const asked = texts
          .slice(sent, sent + AT_ONCE)
          .map((text) => verdictOf(service.gateway, of(text)))
        expect(new Set((await Promise.all(asked)).map(statusOf))).toEqual(new Set([401]))
      }
    })
    expect(calls).toEqual({ tokenReviews: 0, accessReviews: 0 })
  })

  /** A burst must fit into the deadline of a check on a busy machine, too. */
  const AT_ONCE = 25
  let forged = ''
  const claims = boundClaims('team', 'reader', 'uid')
  const foreign = (given: object) =>
    [{ alg: 'ES256' }, { ...claims, ...given }, 'signature']
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
})

describe('within a second the following takes effect, in both directions:', () => {
  it.each(REVOCATIONS)('$titles', async ({ once }) => {
    const ask = (token: string) => verdictOf(service.gateway, { token })
    const waits = await once({ cluster, ask })
    expect(Math.max(...waits)).toBeLessThan(1_000)
  })
})

describe('tokens and keys', () => {
  it('are in no log, no metric and no event', async () => {
    const token = await cluster.tokenFor('team', 'reader')
    const opaque = `sha256~${randomBytes(32).toString('base64url')}`
    const shown = [token, otherwise(token), opaque, 'a-mistyped-key-of-somebody']
    for (const value of shown) await verdictOf(service.gateway, { token: value })
    for (const value of shown) await verdictOf(service.gateway, { headers: { 'x-api-key': value } })
    await vi.waitFor(() => expect(service.decisions.length).toBeGreaterThan(7), 60_000)
    await mustTellNothingIn(cluster)
    const told = JSON.stringify([service.log, service.decisions, await pagesOf(service.read)])
    expect(told).toContain('kserve_authz_checks_total')
    expect(tracesIn(told)).toBe(0)
  })

  it.each([
    ['a token', (text: string) => text],
    ['a digest in hex', (text: string) => hash('sha256', text)],
    ['a digest in base64', (text: string) => hash('sha256', text, 'base64')],
    ['a digest in base64url', (text: string) => hash('sha256', text, 'base64url')],
  ])('would be found: %s', async (_title, of) => {
    const token = await cluster.tokenFor('team', 'reader')
    await verdictOf(service.gateway, { token })
    expect(tracesIn(`{"msg":"of '${of(token)}'."}`)).toBeGreaterThan(0)
  })
})

/** Another token, which differs only in the last bytes of the signature. */
const otherwise = (token: string): string => `${token.slice(0, -6)}AAAAAA`
