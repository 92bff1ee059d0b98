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

  it('is known by its digest, not by its text', async () => {
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
    ['holds before it expires', NOW + 1, 'team/iris-key'],
    ['has expired at that very moment', NOW, 'expired-api-key'],
    ['has expired afterwards', NOW - 1, 'expired-api-key'],
    ['has expired since 1970', 0, 'expired-api-key'],
    ['without an expiry holds', undefined, 'team/iris-key'],
  ])('%s', async (_title, expiresAt, expected) => {
    expect(await outcome([anApiKey({ expiresAt })])).toBe(expected)
  })

  it('is known in the namespace of its Secret only', async () => {
    expect(await outcome([anApiKey()], presented(), 'other')).toBe('unknown-api-key')
  })

  it('that Secrets of two namespaces hold is the one of the namespace that is called', async () => {
    const keys = [anApiKey(), anApiKey({ namespace: 'other' })]
    expect(await outcome(keys, presented(), 'team')).toBe('team/iris-key')
    expect(await outcome(keys, presented(), 'other')).toBe('other/iris-key')
  })

  it.each<[title: string, ApiKey]>([
    ['two Secrets hold', anApiKey({ name: 'again' })],
    ['an expired Secret holds too', anApiKey({ name: 'again', expiresAt: NOW - 1 })],
    ['a Secret for other services holds too', anApiKey({ name: 'again', services: [] })],
  ])('that %s is nobody', async (_title, again) => {
    expect(await outcome([anApiKey(), again])).toBe('unknown-api-key')
    expect(await outcome([again, anApiKey()])).toBe('unknown-api-key')
  })

  it('is not looked for where no key may stand', async () => {
    expect(await outcome([anApiKey()], presented(KEY, { asApiKey: false }))).toBe('unknown-api-key')
  })

  it('is known anew once its Secret says something else', async () => {
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
  it('names its caller', async () => {
    expect(await outcome([], presented('reader-token'))).toBe('team/reader')
  })

  it('that is also a key is the key', async () => {
    const key = anApiKey({ key: 'reader-token' })
    expect(await outcome([key], presented('reader-token'))).toBe('team/iris-key')
  })

  it('that nobody issues is an unknown key', async () => {
    expect(await outcome([], presented('nobody-knows'))).toBe('unknown-api-key')
  })

  it('is refused for the reason its issuer gives', async () => {
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
    ['without a scope opens its namespace', undefined, aService(), 'yes'],
    ['without a scope opens no other namespace', undefined, anLlm(), 'foreign'],
    ['for a name opens it', [{ kind: undefined, name: 'iris' }], aService(), 'yes'],
    ['for a name opens any kind', [{ kind: undefined, name: 'iris' }], otherKind, 'yes'],
    ['for a kind opens that', [{ kind: 'InferenceService', name: 'iris' }], aService(), 'yes'],
    [
      'for a kind opens no other',
      [{ kind: 'InferenceService', name: 'iris' }],
      otherKind,
      'foreign',
    ],
    ['for other names does not', [{ kind: undefined, name: 'iris2' }], aService(), 'foreign'],
    ['for no service opens none', [], aService(), 'foreign'],
    [
      'for several opens each',
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

  it('of a key in the same name of another namespace is foreign', async () => {
    const elsewhere = aService({ namespace: 'other' })
    expect(await permissionOf(keyFor([{ kind: undefined, name: 'iris' }]), elsewhere)).toBe(
      'foreign',
    )
  })

  it('of a Kubernetes user is what RBAC says', async () => {
    expect(await permissionOf(aCaller(), aService())).toBe('yes')
    expect(await permissionOf(aCaller(), anLlm())).toBe('no')
  })

  it('of a user whom RBAC does not know is none, whatever he is called', async () => {
    expect(await permissionOf(aCaller({ kind: 'jwt', inRbac: false }), aService())).toBe('no')
  })
})
