import { describe, expect, it } from 'vitest'
import { sharingKey } from '../../src/resources/api-key.ts'
import {
  aKeySecret,
  aSecret,
  base64,
  read,
  readKey,
  reasonsOf,
  SETTINGS,
} from '../../testing/objects.ts'

const KEY = 'a-key-of-thirty-bytes-or-so-1'
const DIGEST = SETTINGS.sha256(Buffer.from(KEY))
const CLEAR = { stringData: { api_key: KEY } }

const annotated = (name: string, value: unknown) =>
  aKeySecret(CLEAR, { [`kserve-authz.io/${name}`]: value })

describe('a Secret is an API key', () => {
  it('for every service of its namespace, in its own name, without an expiry', () => {
    expect(readKey(aKeySecret(CLEAR, {}, { tier: 'gold' }))).toEqual({
      namespace: 'team',
      name: 'reader',
      digest: DIGEST,
      services: undefined,
      expiresAt: undefined,
      user: 'apikey:team/reader',
      groups: [],
      labels: new Map([
        ['kserve-authz.io/credential', 'api-key'],
        ['tier', 'gold'],
      ]),
    })
  })

  it('whose labels, groups and services can be one object with those of a key that says the same', () => {
    const shared = (object: object) => {
      const key = readKey(object)
      return key && sharingKey(structuredClone(key))
    }
    const annotations = { 'kserve-authz.io/services': 'iris', 'kserve-authz.io/groups': 'gold' }
    const one = shared(aKeySecret(CLEAR, annotations, { tier: 'gold' }))
    const other = shared(aKeySecret(CLEAR, annotations, { tier: 'gold' }))
    expect(other).toEqual(one)
    for (const field of ['services', 'groups', 'labels'] as const)
      expect(other?.[field]).toBe(one?.[field])
    const further = shared(
      aKeySecret(
        CLEAR,
        { 'kserve-authz.io/services': 'InferenceService/iris' },
        { tier: 'silver' },
      ),
    )
    expect(further?.services).toEqual([{ kind: 'InferenceService', name: 'iris' }])
    expect(further?.groups).toEqual([])
    expect(further?.labels.get('tier')).toBe('silver')
  })

  it('with its annotations', () => {
    const annotations = {
      'kserve-authz.io/services': 'iris, LLMInferenceService/chat',
      'kserve-authz.io/expires-at': '2027-01-01T01:00:00+01:00',
      'kserve-authz.io/user': ' alice ',
      'kserve-authz.io/groups': 'gold,beta ',
      'example.com/else': 'unread',
    }
    expect(readKey(aKeySecret(CLEAR, annotations))).toMatchObject({
      services: [
        { kind: undefined, name: 'iris' },
        { kind: 'LLMInferenceService', name: 'chat' },
      ],
      expiresAt: Date.UTC(2027, 0, 1),
      user: 'alice',
      groups: ['gold', 'beta'],
    })
  })

  it.each([
    ['data', { data: { api_key: base64(KEY) } }],
    [
      'data in several lines',
      { data: { api_key: `${base64(KEY).slice(0, 8)}\n${base64(KEY).slice(8)}\n` } },
    ],
    ['stringData', CLEAR],
    ['stringData over data', { data: { api_key: '!' }, ...CLEAR }],
    ['a digest', { data: { api_key_sha256: base64(DIGEST) } }],
    ['a digest in upper case', { stringData: { api_key_sha256: DIGEST.toUpperCase() } }],
    [
      'a digest before a plain key',
      { stringData: { api_key: 'another-key-altogether', api_key_sha256: DIGEST } },
    ],
  ])('with %s', (_title, data) => {
    expect(readKey(aKeySecret(data))?.digest).toBe(DIGEST)
  })

  it('with the configured label and data names', () => {
    const apiKeys = {
      selector: {
        matchLabels: { 'authorino.kuadrant.io/managed-by': 'authorino', group: 'friends' },
      },
      dataNames: ['token', 'api_key'],
    }
    const labels = { 'authorino.kuadrant.io/managed-by': 'authorino', group: 'friends' }
    const secret = aSecret({ metadata: { labels }, ...CLEAR })
    expect(readKey(secret, { apiKeys })?.digest).toBe(DIGEST)
    expect(readKey(secret)).toBeUndefined()
  })
})

describe('a Secret is not a key', () => {
  it.each([
    ['without the label', aSecret(CLEAR)],
    [
      'with another value of the label',
      aKeySecret(CLEAR, {}, { 'kserve-authz.io/credential': 'x' }),
    ],
    [
      'with a label that is not a text',
      aKeySecret(CLEAR, {}, { 'kserve-authz.io/credential': true }),
    ],
  ])('%s, and nothing is reported', (_title, secret) => {
    expect(read(secret)).toMatchObject({ resource: { kind: 'ignored' }, problems: [] })
  })

  it('if it contains the token of a ServiceAccount', () => {
    const secret = {
      ...aKeySecret({ stringData: { token: KEY, api_key: KEY } }),
      type: 'kubernetes.io/service-account-token',
    }
    expect(readKey(secret)).toBeUndefined()
    expect(reasonsOf(read(secret))).toContain('APIKeyRefused')
  })
})

describe('a key is refused', () => {
  it.each([
    ['empty', { stringData: { api_key: '' } }],
    ['null', { data: { api_key: null } }],
    ['short', { stringData: { api_key: 'fifteen-bytes-x' } }],
    ['ending in a line feed', { stringData: { api_key: `${KEY}\n` } }],
    ['ending in a carriage return', { data: { api_key: base64(`${KEY}\r`) } }],
    ['not base64', { data: { api_key: KEY } }],
    ['base64 without padding', { data: { api_key: base64(KEY).replaceAll('=', '') } }],
    ['not text', { stringData: { api_key: 1234567890123456 } }],
    ['missing', { stringData: { password: KEY } }],
    ['an inherited name', { data: {} }],
    ['an invalid digest', { stringData: { api_key_sha256: KEY } }],
    ['a truncated digest', { stringData: { api_key_sha256: DIGEST.slice(1) } }],
    ['gateway#7706: a comma', { stringData: { api_key: `${KEY},more` } }],
    ['gateway#7706: a space', { stringData: { api_key: `${KEY} more` } }],
    ['gateway#7706: a scheme in front', { stringData: { api_key: `Bearer ${KEY}` } }],
    ['a tab', { stringData: { api_key: `${KEY}\tmore` } }],
    ['a letter that is not ASCII', { stringData: { api_key: `${KEY}\u00e9` } }],
    ['a DEL', { stringData: { api_key: `${KEY}\u007f` } }],
    ['a digest with a newline', { stringData: { api_key_sha256: `${DIGEST}\n` } }],
    ['an invalid digest next to a valid key', { stringData: { api_key: KEY, api_key_sha256: '' } }],
  ])('%s', (_title, data) => {
    const reading = read(aKeySecret(data))
    expect(reading.resource.kind).toBe('ignored')
    expect(reasonsOf(reading)).toEqual(['APIKeyRefused'])
  })

  it.each([
    ['services', ''],
    ['services', 'iris,'],
    ['services', ',iris'],
    ['services', 'Service/iris'],
    ['services', 'inferenceservice/iris'],
    ['services', 'constructor/iris'],
    ['services', 'InferenceService/iris/x'],
    ['services', 'InferenceService/'],
    ['services', 'Iris'],
    ['services', 5],
    ['expires-at', ''],
    ['expires-at', '2027-01-01'],
    ['expires-at', '2027-01-01T00:00:00'],
    ['expires-at', '2027-02-30T00:00:00Z'],
    ['expires-at', '2027-13-01T00:00:00Z'],
    ['expires-at', '2027-01-01T24:00:00Z'],
    ['expires-at', '2027-01-01T00:00:00+24:00'],
    ['expires-at', '1798761600'],
    ['user', ''],
    ['user', ' '],
    ['user', 'system:admin'],
    ['user', ' System:admin'],
    ['groups', ''],
    ['groups', 'gold,,beta'],
    ['groups', 'gold, system:masters'],
    ['expire-at', '2027-01-01T00:00:00Z'],
    ['', 'x'],
  ])('because of the annotation %s: %j', (name, value) => {
    const reading = read(annotated(name, value))
    expect(reading.resource.kind).toBe('ignored')
    expect(reasonsOf(reading)).toEqual(['APIKeyRefused'])
  })

  it('because of a label that is not a text', () => {
    expect(readKey(aKeySecret(CLEAR, {}, { tier: 1 }))).toBeUndefined()
  })
})

describe('expires-at', () => {
  it.each([
    ['2027-01-01T00:00:00Z', Date.UTC(2027, 0, 1)],
    ['2027-01-01t00:00:00.5z', Date.UTC(2027, 0, 1) + 500],
    ['2028-02-29T23:59:59-00:30', Date.UTC(2028, 2, 1, 0, 29, 59)],
  ])('accepts %s', (text, time) => {
    expect(readKey(annotated('expires-at', text))?.expiresAt).toBe(time)
  })
})

it('never quotes a key or a digest in a problem', () => {
  const secrets = [
    aKeySecret({ stringData: { api_key: `${KEY}\n` } }),
    aKeySecret({ data: { api_key: KEY } }),
    aKeySecret({ stringData: { api_key_sha256: KEY } }),
    aKeySecret(CLEAR, { 'kserve-authz.io/services': '' }),
  ]
  const problems = JSON.stringify(secrets.flatMap((secret) => read(secret).problems))
  expect(problems).not.toContain(KEY)
  expect(problems).not.toContain(DIGEST)
})
