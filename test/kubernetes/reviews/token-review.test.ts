import { describe, expect, it } from 'vitest'
import { known, rejected } from '../../../src/access/authentication.ts'
import { ApiError } from '../../../src/kubernetes/client/api-server.ts'
import { createTokenReviews } from '../../../src/kubernetes/reviews/token-review.ts'
import { at, listAt } from '../../../testing/json.ts'
import { queueKeyFor } from '../../../testing/queue-keys.ts'
import { fakeApi, never } from './asking.ts'

const ASKED = { token: 'token', queueKey: queueKeyFor('team'), isSigned: true, afresh: false }
const AUDIENCES = ['https://kubernetes.default.svc', 'models']
const USER = {
  username: 'system:serviceaccount:team:reader',
  uid: 'uid-1',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/credential-id': ['JTI=1'] },
}

const good = { authenticated: true, user: USER, audiences: ['models'] }

async function verdictOn(status: unknown) {
  const { parts } = fakeApi(() => ({ kind: 'TokenReview', status }))
  const answer = await createTokenReviews(parts)(AUDIENCES).review(ASKED)
  return answer.kind === 'known' ? answer.caller.user : answer.reason
}

describe('TokenReviews of tokens that the cluster may not have signed', () => {
  /** How many are sent, and how many are shed, of as many for each of some services. */
  async function reviewsOf(services: number, each: number) {
    const { parts, requests, sheds } = fakeApi(never)
    const { review } = createTokenReviews(parts)(AUDIENCES)
    for (let service = 0; service < services; service += 1) {
      const queueKey = queueKeyFor(`service ${service}`)
      for (let count = 0; count < each; count += 1)
        void review({ ...ASKED, queueKey, isSigned: false })
    }
    await new Promise((resolve) => setImmediate(resolve))
    return [requests.length, sheds.length]
  }

  it('are sent eight at a time', async () => {
    expect(await reviewsOf(1, 20)).toEqual([8, 0])
  })

  it('wait with at most 127 others of their service', async () => {
    expect(await reviewsOf(1, 8 + 128 + 5)).toEqual([8, 5])
  })

  it('wait with at most 511 others', async () => {
    expect(await reviewsOf(8, 65 + 1)).toEqual([8, 8])
  })
})

describe('a TokenReview', () => {
  it('asks for all audiences, and returns the caller with everything that RBAC may need', async () => {
    const { parts, requests } = fakeApi(() => ({ status: good }))
    const answer = await createTokenReviews(parts)(AUDIENCES).review(ASKED)
    expect(requests[0]?.body).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: 'token', audiences: AUDIENCES },
    })
    expect(answer).toEqual(
      known({
        kind: 'kubernetes',
        user: USER.username,
        groups: USER.groups,
        uid: 'uid-1',
        extra: USER.extra,
        inRbac: true,
        reference: 'team/reader',
      }),
    )
  })

  it.each<[title: string, status: unknown, verdict: string]>([
    ['for one of our audiences is accepted', good, USER.username],
    ['for both is accepted', { ...good, audiences: AUDIENCES }, USER.username],
    ['for ours and others is accepted', { ...good, audiences: ['x', 'models'] }, USER.username],
    ['for another audience is refused', { ...good, audiences: ['x'] }, 'wrong-audience'],
    [
      'of a server without audiences is refused',
      { ...good, audiences: undefined },
      'wrong-audience',
    ],
    ['with no audience is refused', { ...good, audiences: [] }, 'wrong-audience'],
    [
      'with audiences that are not a list is refused',
      { ...good, audiences: 'models' },
      'wrong-audience',
    ],
    ['that is not authenticated is refused', { ...good, authenticated: false }, 'invalid-token'],
    ['with the text "true" is refused', { ...good, authenticated: 'true' }, 'invalid-token'],
    [
      'without `authenticated` is refused',
      { user: {}, error: 'invalid bearer token' },
      'invalid-token',
    ],
    ['without a username is refused', { ...good, user: { username: '' } }, 'invalid-token'],
    [
      'of the anonymous user is refused',
      { ...good, user: { username: 'system:anonymous' } },
      'invalid-token',
    ],
    ['without a user is refused', { ...good, user: undefined }, 'invalid-token'],
    ['without a status is no answer', undefined, 'authentication-unavailable'],
    ['that failed is no answer', 'Failure', 'authentication-unavailable'],
  ])('%s', async (_title, status, verdict) => {
    expect(await verdictOn(status)).toBe(verdict)
  })

  it.each([
    'token audiences ["x"] is invalid for the target audiences ["models"]',
    'go-jose/go-jose: error in cryptographic primitive',
    'invalid signature, no keys found',
    'service account token has expired',
    'serviceaccounts "reader" not found',
    'Token has been invalidated',
    "Token does not match server's copy",
  ])('with the error «%s» is refused', async (error) => {
    const status = { user: {}, error: `[invalid bearer token, ${error}]` }
    expect(await verdictOn(status)).toBe('invalid-token')
  })

  it.each([
    'Post "https://10.0.0.1/token": dial tcp 10.0.0.1:443: connect: connection refused',
    'Get "https://[::1]:6443/api/v1/namespaces/team/serviceaccounts/reader": context deadline exceeded',
    'etcdserver: request timed out',
    'Post "https://oauth.svc/": EOF',
    'Internal error occurred: something',
    'read tcp 10.0.0.1:1->10.0.0.2:443: i/o timeout',
  ])('with the error «%s» has no result', async (error) => {
    const status = { user: {}, error: `[invalid bearer token, ${error}]` }
    expect(await verdictOn(status)).toBe('authentication-unavailable')
  })

  it('keeps only well-formed fields of the user', async () => {
    const user = { ...USER, uid: 7, groups: ['a', 1, null], extra: { k: ['v', 2], odd: 'text' } }
    const { parts } = fakeApi(() => ({ status: { ...good, user } }))
    expect(await createTokenReviews(parts)(AUDIENCES).review(ASKED)).toMatchObject({
      caller: { uid: undefined, groups: ['a'], extra: { k: ['v'], odd: [] } },
    })
  })

  it("bypasses the API server's cache with an audience that does not exist, each time another", async () => {
    const { parts, requests } = fakeApi(() => ({ status: good }))
    const { review } = createTokenReviews(parts)(AUDIENCES)
    for (let tries = 0; tries < 2; tries += 1) await review({ ...ASKED, afresh: true })
    const extra = requests.map(({ body }) => listAt(body, 'spec', 'audiences').at(-1))
    expect(requests.map(({ body }) => listAt(body, 'spec', 'audiences').length)).toEqual([3, 3])
    expect(new Set(extra).size).toBe(2)
    expect(at(requests[0]?.body, 'spec', 'audiences', 0)).toBe(AUDIENCES[0])
  })

  it('is overloaded if too many reviews are running', async () => {
    const { parts } = fakeApi(() => new Promise(() => {}), { running: 1, waitingPerKey: 0 })
    const { review } = createTokenReviews(parts)(AUDIENCES)
    void review({ ...ASKED, token: 'one' })
    expect(await review({ ...ASKED, token: 'two' })).toEqual(rejected('overloaded'))
  })

  it('shares the bound with those for other audiences', async () => {
    const { parts } = fakeApi(() => new Promise(() => {}), { running: 1, waitingPerKey: 0 })
    const reviewsFor = createTokenReviews(parts)
    void reviewsFor(['one']).review({ ...ASKED, token: 'one' })
    const another = reviewsFor(['two']).review({ ...ASKED, token: 'two' })
    expect(await another).toEqual(rejected('overloaded'))
  })

  it('for other audiences is also skipped while the circuit breaker is open', async () => {
    const { parts, requests } = fakeApi(() => Promise.reject(new ApiError(500)), { tolerated: 0 })
    const reviewsFor = createTokenReviews(parts)
    await reviewsFor(['one']).review(ASKED)
    await reviewsFor(['two']).review(ASKED)
    expect(requests).toHaveLength(1)
  })
})
