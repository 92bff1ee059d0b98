import { afterEach, describe, expect, it, vi } from 'vitest'
import { readIngress } from '../../src/resources/ingress.ts'
import { hasMoreThan } from '../../src/resources/object.ts'
import {
  aKeySecret,
  anInferenceService,
  anLlmInferenceService,
  aPod,
  aSecret,
  read,
  readService,
  readWorkloads,
} from '../../testing/objects.ts'
import { anAccessPolicy } from '../../testing/policies/policies.ts'

afterEach(() => void vi.restoreAllMocks())

const MEBIBYTE = 1_024 * 1_024
const base64 = (length: number) => Buffer.from('k'.repeat(length)).toString('base64')
const tokenSecret = (data: object) =>
  aSecret({
    metadata: { annotations: { 'kubernetes.io/service-account.name': 'reader' } },
    type: 'kubernetes.io/service-account-token',
    ...data,
  })

describe('a credential in a Secret', () => {
  it.each<[title: string, object: object]>([
    ['a key', aKeySecret({ data: { api_key: base64(MEBIBYTE) } })],
    ['a key as text', aKeySecret({ stringData: { api_key: 'k'.repeat(MEBIBYTE) } })],
    ['a key that is slightly too long', aKeySecret({ data: { api_key: base64(8_193) } })],
    ['the digest of a key', aKeySecret({ data: { api_key_sha256: base64(MEBIBYTE) } })],
    ['a token', tokenSecret({ data: { token: base64(MEBIBYTE) } })],
    ['a token as text', tokenSecret({ stringData: { token: 'k'.repeat(8_193) } })],
  ])('over 8 KiB is refused before it is hashed: %s', (_title, object) => {
    const sha256 = vi.fn(() => '')
    const { resource, problems } = read(object, { sha256 })
    expect(resource.kind).toBe('ignored')
    expect(problems.map(({ message }) => message).join()).toContain('is longer than 8192 bytes')
    expect(sha256).not.toHaveBeenCalled()
  })

  it('over 8 KiB is not even decoded', () => {
    const decoding = vi.spyOn(globalThis, 'atob')
    read(aKeySecret({ data: { api_key: base64(MEBIBYTE) } }))
    expect(decoding).not.toHaveBeenCalled()
    read(aKeySecret({ data: { api_key: base64(8_192) } }))
    expect(decoding).toHaveBeenCalledTimes(1)
  })

  it('over 8 KiB is not even encoded', () => {
    const encoding = vi.spyOn(TextEncoder.prototype, 'encode')
    read(aKeySecret({ stringData: { api_key: 'k'.repeat(MEBIBYTE) } }))
    expect(encoding).not.toHaveBeenCalled()
    read(aKeySecret({ stringData: { api_key: 'k'.repeat(8_192) } }))
    expect(encoding).toHaveBeenCalledTimes(1)
  })

  it('of 8 KiB is accepted', () => {
    expect(read(aKeySecret({ data: { api_key: base64(8_192) } })).resource.kind).toBe('api-key')
    expect(read(aKeySecret({ stringData: { api_key: 'k'.repeat(8_192) } })).problems).toEqual([])
  })

  it('has annotations of at most 16,384 characters', () => {
    const groups = (length: number) =>
      read(
        aKeySecret(
          { data: { api_key: base64(32) } },
          { 'kserve-authz.io/groups': 'g'.repeat(length) },
        ),
      )
    expect(groups(16_384).resource.kind).toBe('api-key')
    expect(groups(16_385).problems).toMatchObject([{ reason: 'APIKeyRefused' }])
  })
})

describe('the metadata of an object', () => {
  it.each(['labels', 'annotations'])('have at most 1,024 %s', (field) => {
    const entries = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, 'v']))
    const of = (count: number) =>
      read(anInferenceService({ metadata: { [field]: entries(count) } }))
    expect(of(1_024).resource.kind).toBe('service')
    expect(of(1_025).problems).toMatchObject([{ reason: 'UnreadableObject' }])
  })
})

describe('a URL of a status', () => {
  const urlOf = (length: number) => 'https://iris.example.com/'.padEnd(length, 'a')
  const hostsOf = (object: unknown, settings = {}) =>
    readService(object, settings).routes.map(({ host }) => host)

  it('has at most 2,048 characters', () => {
    const iris = (length: number) => anInferenceService({ status: { url: urlOf(length) } })
    expect(hostsOf(iris(2_048))).toContain('iris.example.com')
    expect(hostsOf(iris(2_049))).not.toContain('iris.example.com')
    expect(read(iris(2_049)).problems).toMatchObject([{ reason: 'UnreadableURL' }])
  })

  it('that is longer is not parsed, in any place', () => {
    const parse = vi.spyOn(URL, 'parse')
    const url = `https://iris-predictor.example.com/${'../a/'.repeat(MEBIBYTE)}`
    const { ingress } = readIngress({ data: { ingress: '{}' } })
    const status = {
      url,
      address: { url },
      components: { predictor: { url }, transformer: { url } },
    }
    expect(hostsOf(anInferenceService({ status }), { ingress })).not.toContain('iris.example.com')
    expect(parse).not.toHaveBeenCalled()
    const short = { components: { predictor: { url: 'https://iris-predictor.example.com' } } }
    expect(hostsOf(anInferenceService({ status: short }), { ingress })).toContain(
      'iris.example.com',
    )
  })
})

describe('the name of a model', () => {
  const long = 'm'.repeat(1_025)
  const [model, adapter, listed] = ['m', 'a', 'l'].map((letter) => letter.repeat(1_024))

  it('has at most 1,024 characters', () => {
    const chat = anLlmInferenceService({
      spec: { model: { name: model, lora: { adapters: [{ name: adapter }] } } },
      status: { addresses: [{ models: [{ name: listed }] }] },
    })
    expect(readService(chat).models).toEqual([
      `publishers/team/models/${model}`,
      `publishers/team/models/${adapter}`,
      listed,
    ])
    expect(read(chat).problems).toEqual([])
  })

  it.each<[where: string, parts: Readonly<Record<string, unknown>>]>([
    ['of the model', { spec: { model: { name: long } } }],
    ['of an adapter', { spec: { model: { name: 'm', lora: { adapters: [{ name: long }] } } } }],
    [
      'of a list',
      { spec: { model: { name: 'm' } }, status: { addresses: [{ models: [{ name: long }] }] } },
    ],
    [
      'of a list, in full',
      {
        spec: { model: { name: 'm' } },
        status: { addresses: [{ models: [{ name: `publishers/team/models/${long}` }] }] },
      },
    ],
  ])('that is longer is ignored, %s', (_where, parts) => {
    const chat = anLlmInferenceService(parts)
    const { models = [] } = readService(chat)
    expect(models.filter((name) => name.includes(long))).toEqual([])
    expect(models).not.toContain('publishers/team/models/chat')
    expect(read(chat).problems).toMatchObject([{ reason: 'UnreadableModelName' }])
  })
})

describe('a pod', () => {
  it('has at most 16 addresses, none longer than an IPv6 address', () => {
    const podIPs = Array.from({ length: 20_000 }, (_, index) => ({
      ip: `10.0.${index >> 8}.${index & 255}`,
    }))
    const pod = aPod({
      metadata: { labels: { 'serving.kserve.io/inferenceservice': 'iris' } },
      status: { podIPs: [{ ip: ':'.repeat(MEBIBYTE) }, ...podIPs] },
    })
    expect(readWorkloads(pod)[0]?.addresses).toHaveLength(15)
    expect(read(pod).problems.map(({ reason }) => reason)).toEqual([
      'TooManyAddresses',
      'UnreadableAddress',
    ])
  })
})

describe('a policy', () => {
  it('with too many parts is not read any further', () => {
    let looks = 0
    const users = Array.from({ length: 1_000 }, () => 'a')
    const rule = {
      get from() {
        looks += 1
        return [{ users }]
      },
    }
    const { resource, problems } = read(
      anAccessPolicy({ allow: Array.from({ length: 1_000 }, () => rule) }),
    )
    expect(resource).toMatchObject({ kind: 'policy', policy: { terms: undefined } })
    expect(problems).toMatchObject([{ message: 'spec has more than 4096 entries' }])
    expect(looks).toBeLessThan(20)
  })

  it('with few parts, but too many entries, cannot be read', () => {
    const rule = { from: [{ users: Array.from({ length: 1_000 }, () => 'a') }] }
    const { resource, problems } = read(anAccessPolicy({ deny: [rule, rule, rule, rule, rule] }))
    expect(resource).toMatchObject({ policy: { terms: undefined } })
    expect(problems).toMatchObject([{ message: 'spec has more than 4096 entries' }])
  })

  it.each([
    ['a user', { users: ['a'.repeat(1_025)] }, 'users[0] is too long'],
    [
      'the name of a claim',
      { claims: { ['a'.repeat(1_025)]: ['b'] } },
      'claims has a name that is too long',
    ],
  ])('with a long text cannot be read: %s', (_title, source, message) => {
    const { problems } = read(anAccessPolicy({ allow: [{ from: [source] }] }))
    expect(problems).toMatchObject([{ message: `spec.allow[0].from[0].${message}` }])
  })

  it('with a long excluded path is invalid', () => {
    const { problems } = read(anAccessPolicy({ exclusions: [{ path: `/${'a'.repeat(1_024)}` }] }))
    expect(problems).toMatchObject([{ message: 'spec.exclusions[0].path is too long' }])
  })
})

it('fields and elements are counted at any depth, up to the limit', () => {
  const value = { a: [1, [2]], b: { c: null } }
  expect([4, 5, 6].map((max) => hasMoreThan(max, value))).toEqual([true, true, false])
  expect(hasMoreThan(0, 'text')).toBe(false)
  expect(hasMoreThan(0, undefined)).toBe(false)
})
