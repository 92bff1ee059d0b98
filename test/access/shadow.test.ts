import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer, ShadowVerdict } from '../../src/access/answer.ts'
import type { Permission } from '../../src/access/decide.ts'
import { OPEN } from '../../src/access/decision.ts'
import type { Rule } from '../../src/access/rule.ts'
import { anAuthorize, aRequest, aService, type World } from '../../testing/builders.ts'
import { casesOf } from '../../testing/cases.ts'
import { anyAsked, anyShadow, anyWorld, aPolicy } from '../../testing/policies/any-policies.ts'

const EVERYTHING: Rule = { from: undefined, to: undefined }
const inShadow = aService({ shadow: true })
const withToken = aRequest({ headers: { authorization: 'Bearer reader-token' } })

const answerTo = (world: World, request = withToken): Promise<Answer> =>
  Promise.resolve(anAuthorize(world)(request))

async function verdictOn(world: World, request = withToken): Promise<ShadowVerdict | undefined> {
  const { shadowCheck } = await answerTo(world, request)
  return shadowCheck?.()
}

describe('a service in shadow', () => {
  const nobody: World = { services: [inShadow], permits: () => 'no' }

  it('is open to callers who would be denied', async () => {
    const { decision, caller } = await answerTo(nobody)
    expect(decision).toEqual(OPEN)
    expect(caller).toBeUndefined()
  })

  it.each<
    [title: string, world: World, request: typeof withToken, verdict: Partial<ShadowVerdict>]
  >([
    [
      'who may',
      { services: [inShadow] },
      withToken,
      { decision: 'allow', reason: '', credentialKind: 'kubernetes' },
    ],
    ['without permission', nobody, withToken, { decision: 'deny', reason: 'not-permitted' }],
    [
      'without a credential',
      nobody,
      aRequest(),
      { decision: 'deny', reason: 'missing-credential', credentialKind: 'none' },
    ],
  ])('reports a caller %s', async (_title, world, request, verdict) => {
    expect(await verdictOn(world, request)).toMatchObject({ service: { name: 'iris' }, ...verdict })
  })

  it('is open in spite of a policy, which is in shadow with it', async () => {
    const policy = aPolicy({ mode: 'enforce' }, { allow: [] })
    const world = { services: [inShadow], policies: [policy] }
    expect((await answerTo(world)).decision).toEqual(OPEN)
    expect(await verdictOn(world)).toMatchObject({ decision: 'deny', reason: 'not-permitted' })
  })

  it('still denies everybody if its declaration is lost', async () => {
    const { decision } = await answerTo({
      services: [aService({ shadow: true, protection: 'lost' })],
    })
    expect(decision).toEqual({ outcome: 'deny', reason: 'unknown-target' })
  })

  it('does not open another target of the request', async () => {
    const both = [inShadow, aService({ name: 'other' })]
    const { decision } = await answerTo({ services: both }, aRequest())
    expect(decision).toEqual({ outcome: 'deny', reason: 'missing-credential' })
  })

  it.each(['kserve-authz.io/mode', 'x-kserve-authz-mode', 'mode', 'shadow'])(
    'is not put into shadow by a header %s',
    async (name) => {
      const request = aRequest({ headers: { [name]: 'shadow' } })
      const { decision, shadowCheck } = await answerTo({ services: [aService()] }, request)
      expect({ decision, shadowCheck }).toEqual({
        decision: { outcome: 'deny', reason: 'missing-credential' },
        shadowCheck: undefined,
      })
    },
  )
})

describe('a policy in shadow', () => {
  it('keeps an open service open, and reports who would be denied', async () => {
    const world = { services: [aService({ protection: 'open' })], policies: [aPolicy()] }
    expect((await answerTo(world, aRequest())).decision).toEqual(OPEN)
    expect(await verdictOn(world, aRequest())).toMatchObject({ reason: 'missing-credential' })
  })

  it('grants nothing: a caller it would allow is still denied', async () => {
    const policies = [aPolicy({}, { allow: [EVERYTHING] })]
    const world: World = { services: [aService()], policies, permits: () => 'no' }
    expect((await answerTo(world)).decision).toEqual({ outcome: 'deny', reason: 'not-permitted' })
    expect(await verdictOn(world)).toMatchObject({ decision: 'allow' })
  })

  it('is evaluated together with the enforced policies', async () => {
    const policies = [
      aPolicy({ mode: 'enforce', name: 'enforced' }, { allow: [EVERYTHING] }),
      aPolicy({}, { deny: [EVERYTHING] }),
    ]
    const world = { services: [aService()], policies }
    expect((await answerTo(world)).decision.outcome).toBe('allow')
    expect(await verdictOn(world)).toMatchObject({
      reason: 'denied-by-rule',
      credentialKind: 'kubernetes',
    })
  })

  it('is not evaluated if it is unreadable, targets another service, or the owner opened the service', async () => {
    const open = aService({ protection: 'open', optedOut: true })
    const elsewhere = [{ kind: 'InferenceService', name: 'other' } as const]
    const shadowChecks = await Promise.all([
      answerTo({ services: [aService()], policies: [aPolicy({ terms: undefined })] }),
      answerTo({ services: [aService()], policies: [aPolicy({ targets: elsewhere })] }),
      answerTo({ services: [open], policies: [aPolicy()] }),
    ])
    expect(shadowChecks.map(({ shadowCheck }) => shadowCheck)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('is neither evaluated nor enforced if the configuration forbids it', async () => {
    const open = aService({ protection: 'open' })
    const policies = [
      aPolicy({ mode: 'none' }, { allow: [EVERYTHING] }),
      aPolicy({ mode: 'none', terms: undefined }),
    ]
    for (const services of [[open], [aService()]]) {
      const world: World = { services, permits: () => 'no' }
      const answer = await answerTo({ ...world, policies })
      expect(answer).toEqual(await answerTo(world))
      expect(answer.shadowCheck).toBeUndefined()
    }
  })

  it('changes no answer, whatever the policy and the request', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, anyShadow, anyAsked, async (world, policies, request) => {
        const enforced = world.policies ?? []
        const { shadowCheck: _, ...alone } = await answerTo(world, request)
        const { shadowCheck, ...tried } = await answerTo(
          { ...world, policies: [...policies, ...enforced] },
          request,
        )
        await shadowCheck?.()
        expect(tried).toEqual(alone)
      }),
      { numRuns: casesOf(2_000) },
    )
  })
})

describe('shadow evaluations', () => {
  const never = new Promise<Permission>(() => {})

  it('with look-ups are limited in number; further ones look up nothing', async () => {
    let looked = 0
    const permits = () => {
      looked += 1
      return never
    }
    const authorize = anAuthorize({ services: [inShadow], permits })
    const verdicts = []
    for (let asked = 0; asked < 20; asked += 1) {
      const { shadowCheck } = await authorize(withToken)
      verdicts.push(shadowCheck?.())
    }
    expect(looked).toBe(16)
    expect(verdicts.slice(16)).toEqual(
      Array.from({ length: 4 }, () =>
        expect.objectContaining({ decision: 'unknown', reason: 'overloaded' }),
      ),
    )
  })

  it('with look-ups are limited per second, and the others are not', async () => {
    const permits = async (): Promise<Permission> => 'yes'
    const authorize = anAuthorize({ services: [inShadow], permits })
    const decisions = []
    for (let asked = 0; asked < 60; asked += 1) {
      const { shadowCheck } = await authorize(withToken)
      decisions.push((await shadowCheck?.())?.decision)
    }
    expect(decisions.filter((decision) => decision === 'allow')).toHaveLength(50)
    const { shadowCheck } = await anAuthorize({ services: [inShadow] })(withToken)
    const known = Array.from({ length: 100 }, () => shadowCheck?.())
    expect(
      new Set(known.map((verdict) => verdict && 'decision' in verdict && verdict.decision)),
    ).toEqual(new Set(['allow']))
  })

  it('start after the answer', async () => {
    let looked = 0
    const permits = (): Permission => {
      looked += 1
      return 'yes'
    }
    await answerTo({ services: [inShadow], permits })
    expect(looked).toBe(0)
  })
})
