import { createCache } from '../../../src/common/cache.ts'
import { createAccessReviews } from '../../../src/kubernetes/reviews/access-review.ts'
import type { ReviewParts } from '../../../src/kubernetes/reviews/review-client.ts'
import { createTokenReviews } from '../../../src/kubernetes/reviews/token-review.ts'
import { aCaller } from '../../../testing/builders.ts'
import { jsonIn, must, quotesMarker, type Target } from '../target.ts'

const AUDIENCES = ['models']
const SERVICE = { kind: 'InferenceService', namespace: 'team', name: 'iris' } as const
const ATTRIBUTES = {
  verb: 'get',
  group: 'serving.kserve.io',
  resource: 'inferenceservices',
  namespace: 'team',
  name: 'iris',
  key: 'iris',
}
const PERIODS = { positiveMs: 60_000, negativeMs: 5_000, aheadMs: 15_000, againMs: 3_000 }

/** An API server that always answers this. */
const answering = (answer: unknown): ReviewParts => ({
  api: { send: async () => answer },
  observer: { asked: () => {}, shed: () => {} },
  failed: (problem) => must(!quotesMarker(problem), "quotes the API server's reply"),
})

/** An API server's reply to a TokenReview or a SubjectAccessReview. */
export const review: Target = {
  name: 'review',
  form: 'json',
  words: [
    'status',
    'authenticated',
    'allowed',
    'denied',
    'evaluationError',
    'error',
    'user',
    'username',
    'system:anonymous',
    'system:serviceaccount:team:reader',
    'uid',
    'groups',
    'extra',
    'audiences',
    'models',
    'context deadline exceeded',
  ],
  run: async (input) => {
    const answer = jsonIn(input)
    const status: Readonly<Record<string, unknown>> = { ...Object(Object(answer).status) }
    await isToken(answer, status)
    await isPermission(answer, status)
  },
}

async function isToken(answer: unknown, status: Readonly<Record<string, unknown>>) {
  const { review } = createTokenReviews(answering(answer))(AUDIENCES)
  const found = await review({
    token: 'a',
    queueKey: { tenant: 'team', name: 'a' },
    isSigned: true,
    afresh: false,
  })
  if (found.kind !== 'known') return
  const { user, groups, uid, extra } = found.caller
  must(status.authenticated === true, 'is accepted although the API server did not authenticate it')
  must([status.audiences].flat().includes('models'), 'is accepted for another audience')
  must(user !== '' && user !== 'system:anonymous', 'is nobody')
  must(uid === undefined || typeof uid === 'string', 'has a uid that is not a text')
  const texts = [...groups, ...Object.values(extra).flat()]
  must(
    texts.every((text) => typeof text === 'string'),
    'is in a group that is not a text',
  )
}

async function isPermission(answer: unknown, status: Readonly<Record<string, unknown>>) {
  const { permits } = createAccessReviews({
    ...answering(answer),
    createCache,
    periods: PERIODS,
    changes: { generation: () => 0, age: () => 60_000 },
  })
  const permission = await permits(aCaller(), SERVICE, ATTRIBUTES)
  if (permission !== 'yes') return
  must(status.allowed === true && status.denied !== true, 'is permitted without an allow')
}
