import { describe, expect, it } from 'vitest'
import type { ApiKey } from '../../src/access/api-key.ts'
import { type Authentication, known, rejected } from '../../src/access/authentication.ts'
import type { Presented } from '../../src/access/credential.ts'
import { createIdentify } from '../../src/access/identify.ts'
import type { ServiceRef } from '../../src/access/service.ts'
import {
  aCaller,
  aDirectory,
  anApiKey,
  anLlm,
  aService,
  digestOf,
  NOW,
  TOKENS,
} from '../../testing/builders.ts'

const KEY = 'iris-key-0123456789'

const iris: ServiceRef = { kind: 'InferenceService', namespace: 'team', name: 'iris' }

const presented = (value = KEY, given: Partial<Presented> = {}): Presented => ({
  kind: 'presented',
  value,
  places: [{ kind: 'header', name: 'authorization' }],
  asToken: true,
  asApiKey: true,
  ...given,
})

const identifying = (...keys: ApiKey[]) =>
  createIdentify({
    directory: aDirectory({ keys }),
    now: () => NOW,
    sha256: digestOf,
    authenticateToken: ({ value, asToken }) => (asToken ? TOKENS.get(value) : undefined),
    permits: ({ user }, { name }) => (user === aCaller().user && name === 'iris' ? 'yes' : 'no'),
  })

const outcome = async (
  keys: readonly ApiKey[],
  credential = presented(),
  namespace = 'team',
): Promise<string> => {
  const made: Authentication = await identifying(...keys).authenticate(
    credential,
    { ...iris, namespace },
    undefined,
  )
  return made.kind === 'rejected' ? made.reason : made.caller.reference
}

describe('an API key', () => {
  it('names its user', async () => {
    const key = anApiKey({ user: 'alice', groups: ['gold', 'beta'] })
    expect(await identifying(key).authenticate(presented(), iris, undefined)).toEqual(
      known({
        kind: 'api-key',
        user: 'alice',
        groups: ['gold', 'beta'],
        uid: undefined,
        extra: {},
        inRbac: false,
        reference: 'team/iris-key',
        apiKey: key,
      }),
    )
  })

  it('is compared by its digest, not by its text', async () => {
    expect(await outcome([anApiKey()], presented(digestOf(KEY)))).toBe('unknown-api-key')
  })

  it.each([
    ['shorter', KEY.slice(0, -1)],
    ['longer', `${KEY}0`],
    ['in capitals', KEY.toUpperCase()],
    ['of another', 'other-key-0123456789'],
  ])('that is %s is unknown', async (_title, value) => {
    expect(await outcome([anApiKey()], presented(value))).toBe('unknown-api-key')
  })

  it.each([
    ['is valid before it expires', NOW + 1, 'team/iris-key'],
    ['has expired at exactly that moment', NOW, 'expired-api-key'],
    ['has expired afterwards', NOW - 1, 'expired-api-key'],
    ['has expired since 1970', 0, 'expired-api-key'],
    ['is valid without an expiry', undefined, 'team/iris-key'],
  ])('%s', async (_title, expiresAt, expected) => {
    expect(await outcome([anApiKey({ expiresAt })])).toBe(expected)
  })

  it('is valid only in the namespace of its Secret', async () => {
    expect(await outcome([anApiKey()], presented(), 'other')).toBe('unknown-api-key')
  })

  it('in Secrets of two namespaces is that of the called namespace', async () => {
    const keys = [anApiKey(), anApiKey({ namespace: 'other' })]
    expect(await outcome(keys, presented(), 'team')).toBe('team/iris-key')
    expect(await outcome(keys, presented(), 'other')).toBe('other/iris-key')
  })

  it.each<[title: string, ApiKey]>([
    ['is in two Secrets', anApiKey({ name: 'again' })],
    ['is also in an expired Secret', anApiKey({ name: 'again', expiresAt: NOW - 1 })],
    ['is also in a Secret for other services', anApiKey({ name: 'again', services: [] })],
  ])('that %s is refused', async (_title, again) => {
    expect(await outcome([anApiKey(), again])).toBe('unknown-api-key')
    expect(await outcome([again, anApiKey()])).toBe('unknown-api-key')
  })

  it('is ignored in a place that takes no keys', async () => {
    expect(await outcome([anApiKey()], presented(KEY, { asApiKey: false }))).toBe('unknown-api-key')
  })

  it('is identified again after its Secret changes', async () => {
    const directory = aDirectory({ keys: [] })
    const { authenticate } = createIdentify({
      directory,
      now: () => NOW,
      sha256: digestOf,
      authenticateToken: () => undefined,
      permits: () => 'no',
    })
    directory.keys.put('key', anApiKey({ user: 'alice' }))
    expect(await authenticate(presented(), iris, undefined)).toMatchObject({
      caller: { user: 'alice' },
    })
    directory.keys.put('key', anApiKey({ user: 'bob' }))
    expect(await authenticate(presented(), iris, undefined)).toMatchObject({
      caller: { user: 'bob' },
    })
    directory.keys.remove('key')
    expect(await authenticate(presented(), iris, undefined)).toEqual(rejected('unknown-api-key'))
  })
})

describe('a token', () => {
  it('identifies its caller', async () => {
    expect(await outcome([], presented('reader-token'))).toBe('team/reader')
  })

  it('that is also a key is the key', async () => {
    const key = anApiKey({ key: 'reader-token' })
    expect(await outcome([key], presented('reader-token'))).toBe('team/iris-key')
  })

  it('that no issuer recognizes is an unknown key', async () => {
    expect(await outcome([], presented('nobody-knows'))).toBe('unknown-api-key')
  })

  it("is refused with the issuer's reason", async () => {
    const { authenticate } = createIdentify({
      directory: aDirectory(),
      now: () => NOW,
      sha256: digestOf,
      authenticateToken: () => Promise.resolve(rejected('expired-token')),
      permits: () => 'yes',
    })
    expect(await authenticate(presented(), iris, undefined)).toEqual(rejected('expired-token'))
  })
})

describe('the permission', () => {
  const { permissionOf } = identifying()
  const keyFor = (services: ApiKey['services']) =>
    aCaller({ kind: 'api-key', inRbac: false, apiKey: anApiKey({ services }) })
  const otherKind: ServiceRef = aService({ kind: 'InferenceGraph' })

  it.each<[title: string, ApiKey['services'], ServiceRef, string]>([
    ['without a scope covers its namespace', undefined, aService(), 'yes'],
    ['without a scope covers no other namespace', undefined, anLlm(), 'foreign'],
    ['for a name covers it', [{ kind: undefined, name: 'iris' }], aService(), 'yes'],
    ['for a name covers any kind', [{ kind: undefined, name: 'iris' }], otherKind, 'yes'],
    ['for a kind covers it', [{ kind: 'InferenceService', name: 'iris' }], aService(), 'yes'],
    [
      'for a kind covers no other',
      [{ kind: 'InferenceService', name: 'iris' }],
      otherKind,
      'foreign',
    ],
    [
      'for other names does not cover it',
      [{ kind: undefined, name: 'iris2' }],
      aService(),
      'foreign',
    ],
    ['for no service covers none', [], aService(), 'foreign'],
    [
      'for several covers each',
      [
        { kind: undefined, name: 'llama' },
        { kind: undefined, name: 'iris' },
      ],
      aService(),
      'yes',
    ],
  ])('of a key %s', async (_title, services, service, expected) => {
    expect(await permissionOf(keyFor(services), service)).toBe(expected)
  })

  it('of a key with the same name in another namespace is refused', async () => {
    const elsewhere = aService({ namespace: 'other' })
    expect(await permissionOf(keyFor([{ kind: undefined, name: 'iris' }]), elsewhere)).toBe(
      'foreign',
    )
  })

  it('of a Kubernetes user is the answer of RBAC', async () => {
    expect(await permissionOf(aCaller(), aService())).toBe('yes')
    expect(await permissionOf(aCaller(), anLlm())).toBe('no')
  })

  it('of a user unknown to RBAC is refused, whatever the name', async () => {
    expect(await permissionOf(aCaller({ kind: 'jwt', inRbac: false }), aService())).toBe('no')
  })
})
