import { describe, expect, it } from 'vitest'
import type { AccessRequest } from '../../src/access/request.ts'
import {
  anApiKey,
  anAuthorize,
  aRequest,
  aService,
  atPod,
  aWorkload,
  type World,
} from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

const KEY = 'iris-key-0123456789'
const withKey = (key = KEY) => aRequest({ headers: { 'x-api-key': key } })
const WORLD: World = { services: [aService()], keys: [anApiKey()] }

/** Name of the credential and what decided, of a denial. */
async function toldOf(request: AccessRequest, world: World) {
  const answer = await anAuthorize({ ...WORLD, ...world })(request)
  const { decision, caller, reference, decidedBy } = answer
  return {
    reason: decision.outcome === 'deny' ? decision.reason : '',
    credential: caller?.reference ?? reference,
    decidedBy,
  }
}

describe('a denial tells', () => {
  it('the Secret of an expired API key', async () => {
    expect(await toldOf(withKey(), { keys: [anApiKey({ expiresAt: 1 })] })).toEqual({
      reason: 'expired-api-key',
      credential: 'team/iris-key',
    })
  })

  it('two Secrets with the same key', async () => {
    const keys = [anApiKey(), anApiKey({ name: 'copy' })]
    expect(await toldOf(withKey(), { keys })).toEqual({
      reason: 'unknown-api-key',
      credential: 'team/iris-key and team/copy',
    })
  })

  it("that the key's scope decided", async () => {
    const services = [{ kind: undefined, name: 'other' }]
    expect(await toldOf(withKey(), { keys: [anApiKey({ services })] })).toEqual({
      reason: 'key-not-for-service',
      credential: 'team/iris-key',
      decidedBy: "the key's scope",
    })
  })

  it.each([
    [
      'the first deny rule that applies',
      [
        { spec: { deny: [{ from: [{ users: ['nobody'] }] }] }, name: 'a' },
        { spec: { deny: [{ from: [{ users: ['nobody'] }] }, {}] }, name: 'b' },
      ],
      'denied-by-rule',
      'policy b, deny[1]',
    ],
    [
      'a deny rule that is the only one',
      [{ spec: { deny: [{}] }, name: 'a' }],
      'denied-by-rule',
      'policy a, deny[0]',
    ],
    [
      'the policy without an allow rule that matches',
      [
        { spec: { allow: [{}] }, name: 'a' },
        { spec: { allow: [{ from: [{ users: ['nobody'] }] }] }, name: 'b' },
      ],
      'not-permitted',
      'policy b, no allow rule matches',
    ],
    [
      'the policy that does not accept the credential',
      [
        { spec: {}, name: 'a' },
        { spec: { authentication: { kubernetes: {} } }, name: 'b' },
      ],
      'unknown-api-key',
      'policy b, authentication',
    ],
    [
      'the policy that cannot be read',
      [{ spec: { allow: 3 }, name: 'b' }],
      'policy-invalid',
      'policies: b cannot be read',
    ],
  ])('%s', async (_title, given, reason, decidedBy) => {
    const policies = given.map(({ spec, name }) => policyOf(spec, name))
    expect(await toldOf(withKey(), { policies })).toMatchObject({ reason, decidedBy })
  })

  it('the name of a credential that a policy does not accept', async () => {
    const policies = [policyOf({ authentication: { kubernetes: {} } }, 'b')]
    expect(await toldOf(withKey(), { policies })).toMatchObject({ credential: 'team/iris-key' })
  })

  it('nothing that its reason says already', async () => {
    expect(await toldOf(aRequest(), {})).toEqual({ reason: 'missing-credential' })
    expect(await toldOf(withKey('nobody-knows-this-key'), {})).toEqual({
      reason: 'unknown-api-key',
    })
  })
})

describe('a call of a sibling component', () => {
  const source = { address: '10.0.0.2', principal: 'spiffe://cluster.local/ns/team/sa/iris-sa' }
  const transformer = aWorkload({ name: 't', addresses: ['10.0.0.2'], component: 'transformer' })
  const world: World = { workloads: [aWorkload(), transformer] }
  const principals = ['cluster.local/ns/team/sa/iris-sa']

  it('that is let pass tells that it is one', async () => {
    expect(await toldOf(atPod({ source }), world)).toEqual({
      reason: '',
      credential: 'team/t',
      decidedBy: 'sibling component',
    })
  })

  it('with a credential that is valid tells nothing more', async () => {
    const request = atPod({ source, headers: { 'x-api-key': KEY } })
    expect(await toldOf(request, world)).toEqual({ reason: '', credential: 'team/iris-key' })
  })

  it('that a rule denies tells the rule', async () => {
    const policies = [policyOf({ deny: [{ from: [{ principals }] }] }, 'strict')]
    expect(await toldOf(atPod({ source }), { ...world, policies })).toEqual({
      reason: 'denied-by-rule',
      decidedBy: 'policy strict, deny[0]',
    })
    const request = atPod({ source, headers: { 'x-api-key': 'nobody-knows-this-key' } })
    expect(await toldOf(request, { ...world, policies })).toEqual({ reason: 'unknown-api-key' })
  })
})

describe('an allowed request', () => {
  it('carries nothing more', async () => {
    const answer = await anAuthorize(WORLD)(withKey())
    expect(Object.keys(answer).toSorted()).toEqual(['caller', 'decision', 'target'])
  })
})
