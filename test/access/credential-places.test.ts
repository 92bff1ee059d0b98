import { describe, expect, it } from 'vitest'
import { credentialSources, readCredential } from '../../src/access/credential.ts'
import { withoutSubprotocols } from '../../src/access/subprotocols.ts'

type Headers = Readonly<Record<string, string>>

const reading =
  (...given: Parameters<typeof credentialSources>) =>
  (headers: Headers) =>
    readCredential(new Map(Object.entries(headers)), credentialSources(...given))

const KEYS = ['authorization', 'x-api-key']

describe('additional schemes of Authorization', () => {
  const read = reading(KEYS, [], { schemes: ['Bearer', 'APIKEY', 'Api-Key', 'Token'] })

  it.each(['APIKEY abc', 'apikey abc', 'Api-Key abc', 'Token  abc', 'TOKEN abc'])(
    'hold an API key, and no token: %s',
    (authorization) => {
      expect(read({ authorization })).toMatchObject({
        value: 'abc',
        asToken: false,
        asApiKey: true,
      })
    },
  )

  it('do not change Bearer', () => {
    expect(read({ authorization: 'Bearer abc' })).toMatchObject({ asToken: true, asApiKey: true })
    const none = reading(KEYS, [], { schemes: [] })
    expect(none({ authorization: 'Bearer abc' })).toMatchObject({ asToken: true, asApiKey: false })
    expect(none({ authorization: 'APIKEY abc' })).toEqual({ kind: 'malformed' })
  })

  it('apply only if Authorization may hold a key', () => {
    const read = reading(['x-api-key'], [], { schemes: ['Bearer', 'APIKEY'] })
    expect(read({ authorization: 'APIKEY abc' })).toEqual({ kind: 'malformed' })
  })

  it.each(['Basic abc', 'APIKEY', 'APIKEY a b', 'APIKEYabc', 'abc', 'Api Key abc'])(
    'apply only in their exact form: %s is malformed',
    (authorization) => {
      expect(read({ authorization })).toEqual({ kind: 'malformed' })
    },
  )

  it('do not hide a second credential', () => {
    const headers = { authorization: 'APIKEY abc', 'x-api-key': 'def' }
    expect(read(headers)).toEqual({ kind: 'ambiguous' })
    expect(read({ authorization: 'APIKEY abc,Bearer abc' })).toEqual({ kind: 'ambiguous' })
  })
})

describe('a header that may hold a Kubernetes token', () => {
  const read = reading(KEYS, [], { tokenHeaders: ['x-api-key', 'x-token'] })

  it('may also hold API keys, or only tokens', () => {
    expect(read({ 'x-api-key': 'abc' })).toMatchObject({ asToken: true, asApiKey: true })
    expect(read({ 'x-token': 'abc' })).toMatchObject({ asToken: true, asApiKey: false })
  })
})

describe('WebSocket subprotocols', () => {
  const OPENAI = { prefix: 'openai-insecure-api-key.', base64url: false } as const
  const KUBERNETES = {
    prefix: 'base64url.bearer.authorization.k8s.io.',
    base64url: true,
  } as const
  const read = reading(KEYS, [], { subprotocols: [OPENAI, KUBERNETES] })
  const offering = (offered: string) => read({ 'sec-websocket-protocol': offered })
  const encoded = (text: string) => Buffer.from(text).toString('base64url')

  it.each([
    ['realtime, openai-insecure-api-key.sk-abc', OPENAI.prefix],
    ['openai-insecure-api-key.sk-abc', OPENAI.prefix],
    ['realtime ,openai-insecure-api-key.sk-abc,openai-beta.realtime-v1', OPENAI.prefix],
    [`v4.channel.k8s.io, ${KUBERNETES.prefix}${encoded('sk-abc')}`, KUBERNETES.prefix],
  ])('may hold a credential: %s', (offered, name) => {
    expect(offering(offered)).toEqual({
      kind: 'presented',
      value: 'sk-abc',
      places: [{ kind: 'subprotocol', name }],
      asToken: true,
      asApiKey: true,
    })
  })

  it.each([
    ['realtime', 'none'],
    ['', 'none'],
    ['openai-insecure-api-key', 'none'],
    ['OPENAI-insecure-api-key.abc', 'none'],
    ['openai-insecure-api-key.', 'malformed'],
    ['openai-insecure-api-key.a b', 'malformed'],
    ['openai-insecure-api-key.caf\u00e9', 'malformed'],
    [`${KUBERNETES.prefix}!!`, 'malformed'],
    [`${KUBERNETES.prefix}A`, 'malformed'],
    [`${KUBERNETES.prefix}${Buffer.from('two words').toString('base64url')}`, 'malformed'],
    ['openai-insecure-api-key.a, openai-insecure-api-key.b', 'ambiguous'],
    [`openai-insecure-api-key.${'a'.repeat(8_200)}`, 'too-long'],
    [`${'a,'.repeat(70)}openai-insecure-api-key.abc`, 'too-long'],
  ])('%j: %s', (offered, kind) => {
    expect(offering(offered)).toEqual({ kind })
  })

  it('count as one credential if another place has the same value, and as two if not', () => {
    const offered = { 'sec-websocket-protocol': 'openai-insecure-api-key.abc' }
    expect(read({ ...offered, 'x-api-key': 'abc' })).toMatchObject({ value: 'abc' })
    expect(read({ ...offered, 'x-api-key': 'def' })).toEqual({ kind: 'ambiguous' })
  })

  it('are ignored unless configured', () => {
    const offered = { 'sec-websocket-protocol': 'openai-insecure-api-key.abc' }
    expect(reading(KEYS, [])(offered)).toEqual({ kind: 'none' })
  })

  it('lose the credential, and keep the others in their order', () => {
    const offered = 'realtime,openai-insecure-api-key.abc , b'
    expect(withoutSubprotocols(offered, [OPENAI.prefix])).toBe('realtime, b')
    expect(withoutSubprotocols('openai-insecure-api-key.abc', [OPENAI.prefix])).toBe('')
  })
})

describe('cookies', () => {
  const place = { kind: 'cookie', name: 'session' } as const
  const read = reading([], [{ place, prefix: '' }])
  const of = (cookie: string) => read({ cookie })

  it.each([
    ['of two lines, which Envoy joins with a comma', 'a=1,session=abc'],
    ['of two lines, with the credential in the first', 'session=abc,a=1; b=2'],
    ['of two lines with spaces', 'a=1 , session=abc'],
    ['split by HTTP/2, which Envoy joins', 'a=1; session=abc; b=2'],
    ['in quotes', 'a="x"; session="abc"'],
    ['twice, once in quotes', 'session="abc"; session=abc'],
  ])('hold a credential %s', (_title, cookie) => {
    expect(of(cookie)).toMatchObject({ kind: 'presented', value: 'abc', places: [place] })
  })

  it.each([
    ['two credentials of two lines', 'session=abc,session=def', 'ambiguous'],
    ['a comma in the credential', 'session=abc,def', 'ambiguous'],
    ['a comma in another cookie', 'a=x,y', 'none'],
    ['quotes around nothing', 'session=""', 'none'],
    ['one quote', 'session="abc', 'presented'],
    ['JSON in another cookie', 'a={"session":1,"b":2}', 'none'],
    ['more lines than the limit of cookies', `${'a=1,'.repeat(600)}session=abc`, 'too-long'],
  ])('%s: %s', (_title, cookie, kind) => {
    expect(of(cookie).kind).toBe(kind)
  })
})
