import { describe, expect, it } from 'vitest'
import { DENIALS } from '../../src/envoy/denials.ts'
import { bodyOf, type Dialect, dialectOf } from '../../src/envoy/dialect.ts'

describe('the dialect of a path', () => {
  it.each<[path: string, Dialect]>([
    ['/v1/models/iris:predict', 'plain'],
    ['/v1/models/iris:explain', 'plain'],
    ['/v1/models/iris:predict?a=b', 'plain'],
    ['/v2/models/iris/infer', 'plain'],
    ['/v2/health/ready', 'plain'],
    ['/', 'plain'],
    ['/predict', 'plain'],
    ['/v1', 'plain'],
    ['/openai', 'plain'],
    ['/openai-x/v1/models', 'plain'],
    ['/v10/chat', 'plain'],
    ['/v1/models', 'openai'],
    ['/v1/models/llama', 'openai'],
    ['/v1/models/a/b:predict', 'openai'],
    ['/v1/models/iris:predict/x', 'openai'],
    ['/v1/chat/completions', 'openai'],
    ['/v1/completions?stream=true', 'openai'],
    ['/v1/messagesx', 'openai'],
    ['/openai/v1/chat/completions', 'openai'],
    ['/openai/v1/messages', 'openai'],
    ['/v1/messages', 'anthropic'],
    ['/v1/messages?beta=true', 'anthropic'],
    ['/v1/messages/count_tokens', 'anthropic'],
    ['', 'plain'],
    ['?/v1/messages', 'plain'],
  ])('%s is %s', (path, dialect) => {
    expect(dialectOf(path, '', false)).toBe(dialect)
  })

  it.each<[path: string, prefix: string, Dialect]>([
    ['/llm/chat/v1/chat/completions', '/llm/chat', 'openai'],
    ['/llm/chat/v1/messages', '/llm/chat', 'anthropic'],
    ['/serving/iris/v1/models/iris:predict', '/serving/iris', 'plain'],
    ['/publishers/llm/models/m/v1/completions', '/publishers/llm/models/m', 'openai'],
    ['/llm/chat', '/llm/chat', 'plain'],
    ['/llm/chat-2/v1/messages', '/llm/chat', 'plain'],
    ['/llm/chat/v1/messages', '', 'plain'],
    ['/v1/messages', '/llm/chat', 'anthropic'],
  ])("%s without the service's prefix %j is %s", (path, prefix, dialect) => {
    expect(dialectOf(path, prefix, false)).toBe(dialect)
  })

  it.each(['/v1/messages', '/v1/chat/completions', '/inference.GRPCInferenceService/ModelInfer'])(
    '%s is that of gRPC if the client uses gRPC',
    (path) => {
      expect(dialectOf(path, '', true)).toBe('grpc')
    },
  )
})

describe('a long path', () => {
  it.each([
    ['colons', `/v1/models/${':'.repeat(40_000)}/`],
    ['slashes', `/v1/models/${'/'.repeat(40_000)}`],
    ['letters', `/v1/models/${'a'.repeat(40_000)}/`],
  ])('of %s is read in time linear in its length', (_title, path) => {
    const start = performance.now()
    dialectOf(path, '', false)
    expect(performance.now() - start).toBeLessThan(200)
  })
})

describe('the body of a denial', () => {
  const bodyIn = (dialect: Dialect, reason: keyof typeof DENIALS) => {
    const body = bodyOf(dialect, reason, DENIALS[reason])
    return body === undefined ? undefined : JSON.parse(body)
  }

  it('is an error with the phrase, as in KServe', () => {
    expect(bodyIn('plain', 'missing-credential')).toEqual({ error: 'credential not found' })
  })

  it("is an object with type and code, as in OpenAI's API", () => {
    expect(bodyIn('openai', 'unknown-api-key')).toEqual({
      error: {
        message: DENIALS['unknown-api-key'].phrase,
        type: 'authentication_error',
        param: null,
        code: 'unknown-api-key',
      },
    })
    expect(bodyIn('openai', 'not-permitted')).toMatchObject({ error: { type: 'permission_error' } })
    expect(bodyIn('openai', 'not-synced')).toMatchObject({ error: { type: 'server_error' } })
    expect(bodyIn('openai', 'internal')).toMatchObject({ error: { type: 'server_error' } })
  })

  it("is a typed error, as in Anthropic's API", () => {
    expect(bodyIn('anthropic', 'expired-token')).toEqual({
      type: 'error',
      error: { type: 'authentication_error', message: DENIALS['expired-token'].phrase },
    })
    expect(bodyIn('anthropic', 'not-permitted')).toMatchObject({
      error: { type: 'permission_error' },
    })
    expect(bodyIn('anthropic', 'overloaded')).toMatchObject({ error: { type: 'overloaded_error' } })
    expect(bodyIn('anthropic', 'internal')).toMatchObject({ error: { type: 'api_error' } })
  })

  it('is empty for gRPC, whose clients read the status', () => {
    expect(bodyIn('grpc', 'missing-credential')).toBeUndefined()
  })
})
