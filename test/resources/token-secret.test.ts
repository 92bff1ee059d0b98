import { describe, expect, it } from 'vitest'
import { aSecret, base64, read, reasonsOf, SETTINGS } from '../../testing/objects.ts'

const TOKEN = 'header.payload.signature'
const NAMED = { 'kubernetes.io/service-account.name': 'reader-sa' }

const tokenSecret = (annotations: unknown, data: Readonly<Record<string, unknown>>) => ({
  ...aSecret({ metadata: { annotations }, ...data }),
  type: 'kubernetes.io/service-account-token',
})

describe('a token Secret', () => {
  it('is known by the digest of its token', () => {
    const annotations = { ...NAMED, 'kubernetes.io/service-account.uid': 'u-1' }
    expect(read(tokenSecret(annotations, { data: { token: base64(TOKEN) } })).resource).toEqual({
      kind: 'token',
      token: {
        namespace: 'team',
        secretName: 'reader',
        serviceAccount: 'reader-sa',
        uid: 'u-1',
        digest: SETTINGS.sha256(Buffer.from(TOKEN)),
      },
    })
  })

  it.each([
    ['without a ServiceAccount', tokenSecret({}, { stringData: { token: TOKEN } })],
    [
      'with an unusual ServiceAccount',
      tokenSecret(
        { ...NAMED, 'kubernetes.io/service-account.name': 1 },
        { stringData: { token: TOKEN } },
      ),
    ],
    [
      'with an unusual uid',
      tokenSecret(
        { ...NAMED, 'kubernetes.io/service-account.uid': 1 },
        { stringData: { token: TOKEN } },
      ),
    ],
    ['without a token', tokenSecret(NAMED, { data: {} })],
    ['with an empty token', tokenSecret(NAMED, { stringData: { token: '' } })],
    ['with a guessable token', tokenSecret(NAMED, { stringData: { token: 'short' } })],
    ['with a newline at the end', tokenSecret(NAMED, { stringData: { token: `${TOKEN}\n` } })],
    ['that is not base64', tokenSecret(NAMED, { data: { token: TOKEN } })],
  ])('%s is refused', (_title, secret) => {
    const reading = read(secret)
    expect(reading.resource.kind).toBe('ignored')
    expect(reasonsOf(reading)).toEqual(['TokenRefused'])
    expect(JSON.stringify(reading.problems)).not.toContain(TOKEN)
  })

  it('that Kubernetes completes with a token is ignored', () => {
    expect(read(tokenSecret(NAMED, {}))).toMatchObject({
      resource: { kind: 'ignored' },
      problems: [],
    })
  })

  it('of another type is ignored', () => {
    const secret = aSecret({ metadata: { annotations: NAMED }, stringData: { token: TOKEN } })
    expect(read(secret)).toMatchObject({ resource: { kind: 'ignored' }, problems: [] })
  })
})
