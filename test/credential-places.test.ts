import { beforeAll, describe, expect, it } from 'vitest'
import { bearer, modelBehind } from '../testing/identity-engine.ts'
import type { OidcIssuer } from '../testing/issuers/oidc-issuer.ts'
import { providerOf } from '../testing/issuers/provider.ts'
import { anIssuer } from './tokens/support.ts'

const KEY = 'test-key-of-team-not-a-secret'
const TOKEN = 'test-token-of-reader-not-a-secret'
const OBJECTS = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'key',
      namespace: 'team',
      labels: { 'kserve-authz.io/credential': 'api-key' },
      annotations: { 'kserve-authz.io/user': 'alice' },
    },
    stringData: { api_key: KEY },
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'reader', namespace: 'team' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: {
      name: 'reader-token',
      namespace: 'team',
      annotations: { 'kubernetes.io/service-account.name': 'reader' },
    },
    stringData: { token: TOKEN },
  },
]
const SUBJECTS = [
  { kind: 'User', name: 'issuer:ada' },
  { kind: 'User', name: 'system:serviceaccount:team:reader' },
] as const
const PROTOCOLS = [
  { prefix: 'openai-insecure-api-key.' },
  { prefix: 'base64url.bearer.authorization.k8s.io.', base64url: true },
]
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const offering = (offered: string) => ({ 'sec-websocket-protocol': offered })

let issuer: OidcIssuer
beforeAll(async () => {
  issuer = await anIssuer()
})

async function asking(config: object, provider: object = {}) {
  const jwt = { providers: [providerOf(issuer, provider)] }
  const { ask } = await modelBehind({
    objects: OBJECTS,
    subjects: SUBJECTS,
    config: { jwt, forwardCredential: 'never', ...config },
  })
  return ask
}

describe('authorino#297: an API key with another scheme', () => {
  it('is accepted if that is configured, and then removed', async () => {
    const ask = await asking({ apiKeys: { schemes: ['Bearer', 'APIKEY'] } })
    const asked = await ask({ authorization: `APIKEY ${KEY}` })
    expect(asked.answer).toBe('allow')
    expect(asked.removed).toContain('authorization')
    expect((await ask(bearer(KEY))).answer).toBe('allow')
    expect((await ask({ authorization: `APIKEY ${TOKEN}` })).answer).toBe('unknown-api-key')
    expect((await ask({ authorization: `APIKEY ${issuer.token()}` })).answer).toBe('allow')
  })

  it('is refused by default', async () => {
    const ask = await asking({})
    expect((await ask({ authorization: `APIKEY ${KEY}` })).answer).toBe('malformed-credential')
  })
})

describe('a token in a place for API keys', () => {
  it.each<[title: string, config: object, provider: object, token: () => string, answer: string]>([
    ['of Kubernetes, by default', {}, {}, () => TOKEN, 'unknown-api-key'],
    ['of Kubernetes', { kubernetes: { tokenHeaders: ['x-api-key'] } }, {}, () => TOKEN, 'allow'],
    ['of a provider, by default', {}, {}, () => issuer.token(), 'unknown-issuer'],
    [
      'of a provider',
      {},
      { from: { headers: [{ name: 'x-api-key' }] } },
      () => issuer.token(),
      'allow',
    ],
    [
      'a key in the same place',
      { kubernetes: { tokenHeaders: ['x-api-key'] } },
      {},
      () => KEY,
      'allow',
    ],
  ])('%s', async (_title, config, provider, token, answer) => {
    const ask = await asking(config, provider)
    const asked = await ask({ 'x-api-key': token() })
    expect(asked.answer).toBe(answer)
    if (answer === 'allow') expect(asked.removed).toContain('x-api-key')
  })
})

describe('a credential in a WebSocket subprotocol', () => {
  it.each([
    ['an API key', () => `realtime, openai-insecure-api-key.${KEY}, b`, 'realtime, b'],
    [
      'a Kubernetes token',
      () => `base64url.bearer.authorization.k8s.io.${base64url(TOKEN)},b`,
      'b',
    ],
    ['a JWT', () => `b, base64url.bearer.authorization.k8s.io.${base64url(issuer.token())}`, 'b'],
    ['an API key alone', () => `openai-insecure-api-key.${KEY}`, undefined],
  ])(
    'is accepted if that is configured, and removed from the others: %s',
    async (_title, offered, rest) => {
      const ask = await asking({ webSocketProtocols: PROTOCOLS })
      const { answer, set, removed } = await ask(offering(offered()))
      expect(answer).toBe('allow')
      expect(set['sec-websocket-protocol']).toBe(rest)
      expect(removed.includes('sec-websocket-protocol')).toBe(rest === undefined)
    },
  )

  it('is ignored by default', async () => {
    const ask = await asking({})
    const asked = await ask(offering(`openai-insecure-api-key.${KEY}`))
    expect(asked.answer).toBe('missing-credential')
  })

  it('is not used for a provider that takes no tokens from Authorization', async () => {
    const from = { cookies: ['session'] }
    const ask = await asking({ webSocketProtocols: PROTOCOLS }, { from })
    const offered = `base64url.bearer.authorization.k8s.io.${base64url(issuer.token())}`
    expect((await ask(offering(offered))).answer).toBe('unknown-issuer')
  })
})

describe('jetty#3041: a token in one of several Cookie lines', () => {
  const from = { cookies: ['session'] }

  it.each([
    ['as Envoy joins them', (token: string) => `a=1,session=${token}`],
    ['with others after it', (token: string) => `session=${token},b=2; c=3`],
    ['in quotes', (token: string) => `a=1; session="${token}"`],
  ])('is accepted: %s', async (_title, cookie) => {
    const ask = await asking({}, { from })
    const { answer } = await ask({ cookie: cookie(issuer.token()) })
    expect(answer).toBe('allow')
    const other = await ask({ cookie: cookie('eyJ.x.y') })
    expect(other.answer).toBe('invalid-token')
  })
})

describe('a credential that is too long', () => {
  it.each<[title: string, token: () => string, config: object, answer: string]>([
    [
      'is a JWT over the limit',
      () => issuer.token({ x: 'x'.repeat(26_000) }),
      {},
      'credential-too-long',
    ],
    ['is a key over 8 KiB', () => 'k'.repeat(8_200), {}, 'credential-too-long'],
    ['is not a JWT of 30 KiB', () => issuer.token({ x: 'x'.repeat(22_000) }), {}, 'allow'],
    [
      'is a JWT over another limit',
      () => issuer.token({ x: 'x'.repeat(8_000) }),
      { maxTokenBytes: 8_192 },
      'credential-too-long',
    ],
  ])('%s', async (_title, token, jwt, answer) => {
    const { ask } = await modelBehind({
      subjects: SUBJECTS,
      config: { jwt: { providers: [providerOf(issuer)], ...jwt } },
    })
    const asked = await ask(bearer(token()))
    expect(asked.answer).toBe(answer)
    if (answer !== 'allow') expect(asked.phrase).toBe('credential is too long')
  })
})
