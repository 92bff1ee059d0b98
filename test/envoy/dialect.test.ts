import { describe, expect, it } from 'vitest'
import type { ServiceKind } from '../../src/access/service.ts'
import { CAUSES, DENIALS, DIALECTS, type Dialect } from '../../src/envoy/denials.ts'
import { bodyOf, dialectOf, messageOf } from '../../src/envoy/dialect.ts'

describe('the dialect of a path', () => {
  it.each<[path: string, Dialect]>([
    ['/v1/models/iris:predict', 'plain'],
    ['/v1/models/iris:explain', 'plain'],
    ['/v1/models/iris:predict?a=b', 'plain'],
    ['/v1/models/iris:predict/', 'plain'],
    ['/v1/models/iris%3Apredict', 'plain'],
    ['/v1/models/iris%3apredict//', 'plain'],
    ['/v1/models/completions:predict', 'plain'],
    ['/v2/models', 'plain'],
    ['/v2/models/iris/infer', 'plain'],
    ['/v2/models/completions', 'plain'],
    ['/v2/models/messages/versions/models', 'plain'],
    ['/v2/health/ready', 'plain'],
    ['/', 'plain'],
    ['/predict', 'plain'],
    ['/v1', 'plain'],
    ['/openai', 'plain'],
    ['/v10/chat', 'plain'],
    ['/chat', 'plain'],
    ['/xmessages', 'plain'],
    ['/xcompletions', 'plain'],
    ['/v1/models', 'openai'],
    ['/v1/models/', 'openai'],
    ['/v1/models/llama', 'openai'],
    ['/v1/models/a/b:predict', 'openai'],
    ['/v1/models/iris:predict/x', 'openai'],
    ['/v1/chat/completions', 'openai'],
    ['/v1/completions?stream=true', 'openai'],
    ['/v1/messagesx', 'openai'],
    ['/v1/threads/t/messages', 'openai'],
    ['/openai-x/v1/models', 'openai'],
    ['/openai/v1/chat/completions', 'openai'],
    ['/chat/completions', 'openai'],
    ['/chat/completions/', 'openai'],
    ['/completions', 'openai'],
    ['/embeddings', 'openai'],
    ['/responses', 'openai'],
    ['/models', 'openai'],
    ['/any/prefix/api/v3/chat/completions?a=/b', 'openai'],
    ['/any/prefix/embeddings', 'openai'],
    ['/v1/messages', 'anthropic'],
    ['/v1/messages/', 'anthropic'],
    ['/v1/messages?beta=true', 'anthropic'],
    ['/v1/messages/count_tokens', 'anthropic'],
    ['/v1/messages/batches/b', 'anthropic'],
    ['/openai/v1/messages', 'anthropic'],
    ['/any/prefix/messages', 'anthropic'],
    ['/any/prefix/messages/count_tokens/', 'anthropic'],
    ['', 'plain'],
    ['?/v1/messages', 'plain'],
    ['//', 'plain'],
  ])('%s is %s', (path, dialect) => {
    expect(dialectOf(path, '', false)).toBe(dialect)
  })

  it.each<[path: string, prefix: string, Dialect]>([
    ['/llm/chat/v1/chat/completions', '/llm/chat', 'openai'],
    ['/llm/chat/v1/messages', '/llm/chat', 'anthropic'],
    ['/llm/chat/v1/messages/batches', '/llm/chat', 'anthropic'],
    ['/llm/chat/v1/rerank', '/llm/chat', 'openai'],
    ['/llm/chat/v1/rerank', '', 'plain'],
    ['/serving/iris/v1/models/iris:predict', '/serving/iris', 'plain'],
    ['/serving/iris/v1/models/iris:predict', '', 'plain'],
    ['/serving/iris/v2/models/iris/ready', '', 'plain'],
    ['/publishers/llm/models/m/v1/completions', '/publishers/llm/models/m', 'openai'],
    ['/publishers/llm/models/m/v1/completions', '', 'openai'],
    ['/llm/chat', '/llm/chat', 'plain'],
    ['/llm/chat-2/v1/messages', '/llm/chat', 'anthropic'],
    ['/llm/chat/v1/messages', '', 'anthropic'],
    ['/v1/messages', '/llm/chat', 'anthropic'],
  ])("%s without the service's prefix %j is %s", (path, prefix, dialect) => {
    expect(dialectOf(path, prefix, false)).toBe(dialect)
  })

  it.each<[path: string, ServiceKind, Dialect]>([
    ['/v1/models/iris', 'InferenceService', 'plain'],
    ['/v1/models/iris/', 'InferenceService', 'plain'],
    ['/serving/iris/v1/models/iris', 'InferenceService', 'plain'],
    ['/v1/models/completions', 'InferenceService', 'plain'],
    ['/openai/v1/models/iris', 'InferenceService', 'openai'],
    ['/v1/models', 'InferenceService', 'openai'],
    ['/v1/models/a/b', 'InferenceService', 'openai'],
    ['/v1/models/iris', 'LLMInferenceService', 'openai'],
    ['/v1/models/iris:predict', 'LLMInferenceService', 'plain'],
  ])('%s of an %s is %s', (path, kind, dialect) => {
    expect(dialectOf(path, '', false, kind)).toBe(dialect)
  })

  it.each(['/v1/messages', '/v1/chat/completions', '/inference.GRPCInferenceService/ModelInfer'])(
    '%s is that of gRPC if the client uses gRPC',
    (path) => {
      expect(dialectOf(path, '', true)).toBe('grpc')
    },
  )
})

describe('the body of a denial', () => {
  const bodyIn = (dialect: Dialect, reason: keyof typeof DENIALS, requestId?: string) =>
    bodyOf(dialect, reason, DENIALS[reason], requestId)
  const jsonIn = (...of: Parameters<typeof bodyIn>) => JSON.parse(bodyIn(...of))

  it('is an error with the message, as in KServe', () => {
    expect(jsonIn('plain', 'missing-credential')).toEqual({
      error: 'credential not found: send Authorization: Bearer <token or API key>',
    })
  })

  it("is an object with type and code, as in OpenAI's API", () => {
    expect(jsonIn('openai', 'unknown-api-key')).toEqual({
      error: {
        message: messageOf('openai', DENIALS['unknown-api-key']),
        type: 'authentication_error',
        param: null,
        code: 'unknown-api-key',
      },
    })
    expect(jsonIn('openai', 'not-permitted')).toMatchObject({ error: { type: 'permission_error' } })
    expect(jsonIn('openai', 'not-synced')).toMatchObject({ error: { type: 'server_error' } })
    expect(jsonIn('openai', 'internal')).toMatchObject({ error: { type: 'server_error' } })
  })

  it("is a typed error, as in Anthropic's API", () => {
    expect(jsonIn('anthropic', 'expired-token')).toEqual({
      type: 'error',
      error: {
        type: 'authentication_error',
        message: messageOf('anthropic', DENIALS['expired-token']),
      },
    })
    expect(jsonIn('anthropic', 'not-permitted')).toMatchObject({
      error: { type: 'permission_error' },
    })
    expect(jsonIn('anthropic', 'overloaded')).toMatchObject({ error: { type: 'overloaded_error' } })
    expect(jsonIn('anthropic', 'internal')).toMatchObject({ error: { type: 'api_error' } })
  })

  it("has the request's id where Anthropic's API has it, and nowhere else", () => {
    expect(jsonIn('anthropic', 'internal', 'r-1')).toMatchObject({ request_id: 'r-1' })
    for (const dialect of ['plain', 'openai', 'grpc'] as const)
      expect(bodyIn(dialect, 'internal', 'r-1')).toBe(bodyIn(dialect, 'internal'))
  })

  it('is the message alone for gRPC: Envoy makes it the grpc-message', () => {
    expect(bodyIn('grpc', 'missing-credential')).toBe(
      'credential not found: send the metadata authorization: Bearer <token or API key>',
    )
  })
})

describe('the message of a denial', () => {
  const all = [...Object.entries(DENIALS), ...Object.entries(CAUSES)]

  it.each(all)('%s is its phrase and one sentence that says what to do', (_reason, denial) => {
    for (const dialect of DIALECTS) {
      const message = messageOf(dialect, denial)
      expect(message.startsWith(`${denial.phrase}: `)).toBe(true)
      expect(message.slice(denial.phrase.length)).toMatch(/^: [\x20-\x7e]{4,160}$/)
      // One sentence, without an end that a client may put its own after.
      expect(message).not.toMatch(/[.!?](?: |$)/)
    }
  })

  it("says for a client of Anthropic's API where an API key and where a token belongs", () => {
    const { 'missing-credential': missing, 'unknown-api-key': unknown } = DENIALS
    expect(messageOf('anthropic', missing)).toContain('x-api-key: <API key>')
    expect(messageOf('anthropic', unknown)).toContain('not in x-api-key')
  })
})
