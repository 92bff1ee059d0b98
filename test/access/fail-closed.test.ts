import { describe, expect, it } from 'vitest'
import type { Authorize } from '../../src/access/answer.ts'
import { deny } from '../../src/access/decision.ts'
import { failClosed } from '../../src/access/fail-closed.ts'
import { anAuthorize, aRequest, aService } from '../../testing/builders.ts'

const bug = new Error('bug')

async function guarded(authorize: Authorize) {
  const reported: unknown[] = []
  const answer = await failClosed(authorize, (fault) => reported.push(fault))(aRequest())
  return { decision: answer.decision, reported }
}

describe('a bug in the decision', () => {
  it.each<[title: string, Authorize]>([
    [
      'that throws',
      () => {
        throw bug
      },
    ],
    ['that rejects', () => Promise.reject(bug)],
  ])('%s is a denial, and is reported', async (_title, authorize) => {
    expect(await guarded(authorize)).toEqual({ decision: deny('internal'), reported: [bug] })
  })
})

describe('a decision without a bug', () => {
  it.each<[title: string, Authorize]>([
    ['at once', anAuthorize({ services: [aService()] })],
    ['later', async (request) => anAuthorize({ services: [aService()] })(request)],
  ])('made %s is passed on', async (_title, authorize) => {
    expect(await guarded(authorize)).toEqual({ decision: deny('missing-credential'), reported: [] })
  })

  it('does not wait', () => {
    const authorize = failClosed(anAuthorize({ services: [aService()] }), () => {})
    expect(authorize(aRequest())).not.toBeInstanceOf(Promise)
  })
})
