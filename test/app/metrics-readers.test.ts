import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Authentication, known, refused, rejected } from '../../src/access/authentication.ts'
import type { Permission } from '../../src/access/decide.ts'
import { createMetricsReaders, NO_READERS } from '../../src/app/metrics-readers.ts'
import type { MaybePromise } from '../../src/common/maybe-promise.ts'
import { aCaller } from '../../testing/builders.ts'

const TOKEN = 'Bearer a-token-of-sixteen-bytes'

type Given = {
  readonly authenticate?: () => MaybePromise<Authentication | undefined>
  readonly permit?: () => MaybePromise<Permission>
}

function reading({ authenticate = () => known(aCaller()), permit = () => 'yes' }: Given = {}) {
  const asked: unknown[] = []
  const refusalOf = createMetricsReaders({
    authenticateToken: ({ value, asToken }, digest, asker, audiences) => {
      asked.push([value, asToken, digest, asker.service.namespace, audiences])
      return authenticate()
    },
    permits: (caller, { namespace }, attributes) => {
      asked.push([caller.user, namespace, attributes.verb, attributes.path])
      return permit()
    },
    sha256: (text) => `digest of ${text.length} characters`,
  })
  return { refusalOf, asked }
}

afterEach(() => void vi.useRealTimers())

describe('a reader of the metrics', () => {
  it('is admitted by its token, whose user may get the path /metrics', async () => {
    const { refusalOf, asked } = reading()
    expect(await refusalOf(TOKEN)).toBeUndefined()
    expect(asked).toEqual([
      ['a-token-of-sixteen-bytes', true, 'digest of 24 characters', '', undefined],
      ['system:serviceaccount:team:reader', '', 'get', '/metrics'],
    ])
  })

  it.each([
    ['no credential', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['a token without a scheme', 'a-token-of-sixteen-bytes'],
    ['two headers', `${TOKEN},${TOKEN}`],
    ['a token that is too long', `Bearer ${'x'.repeat(9_000)}`],
  ])('gets 401 for %s, and nobody is asked', async (_title, authorization) => {
    const { refusalOf, asked } = reading()
    expect(await refusalOf(authorization)).toMatchObject({ status: 401 })
    expect(asked).toEqual([])
  })

  it.each<[title: string, status: number, given: Given]>([
    ['a token of nobody here', 401, { authenticate: () => undefined }],
    ['a refused token', 401, { authenticate: () => refused({ cause: 'refused-by-issuer' }) }],
    ['an expired token', 401, { authenticate: () => refused({ cause: 'expired' }) }],
    [
      'no answer about the token',
      503,
      { authenticate: () => rejected('authentication-unavailable') },
    ],
    ['too many tokens at once', 503, { authenticate: () => rejected('overloaded') }],
    ['a user without permission', 403, { permit: () => 'no' }],
    ['no answer about the permission', 503, { permit: () => 'unavailable' }],
    ['too many questions about permissions', 503, { permit: () => 'overloaded' }],
    ['a fault', 500, { authenticate: () => Promise.reject(new Error('sekret')) }],
    ['a later fault', 500, { permit: () => Promise.reject(new Error('sekret')) }],
  ])('%s gives %i', async (_title, status, given) => {
    expect((await reading(given).refusalOf(TOKEN))?.status).toBe(status)
  })

  it('is told what is missing, without its token', async () => {
    expect(await reading().refusalOf(undefined)).toEqual({
      status: 401,
      text: 'credential not found: send Authorization: Bearer <Kubernetes token>',
    })
    expect(await reading({ permit: () => 'no' }).refusalOf(TOKEN)).toEqual({
      status: 403,
      text: 'user "system:serviceaccount:team:reader" cannot get path "/metrics"',
    })
  })

  it('gets 503 if there is no answer in five seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const refusal = reading({ permit: () => new Promise(() => {}) }).refusalOf(TOKEN)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await refusal).toMatchObject({ status: 503 })
  })

  it('is never admitted without an API server', async () => {
    expect(await NO_READERS(TOKEN)).toMatchObject({ status: 503 })
  })
})
