import { describe, expect, it } from 'vitest'
import type { Policy, PolicyTarget } from '../../src/access/policy.ts'
import type { Service } from '../../src/access/service.ts'
import { standingOf as standingIn, surroundingsIn } from '../../src/access/standing.ts'
import { aPolicy } from '../support/any-policies.ts'
import { aService } from '../support/builders.ts'

const iris: PolicyTarget = { kind: 'InferenceService', name: 'iris' }
const gone: PolicyTarget = { kind: 'InferenceGraph', name: 'gone' }
const enforced = (given: Partial<Policy> = {}) => aPolicy({ mode: 'enforce', ...given })
const other = aService({ name: 'other' })
const standingOf = (
  policy: Policy,
  services: readonly Service[],
  fault?: string,
  policies: readonly Policy[] = [policy],
) => standingIn(policy, surroundingsIn(services, policies)(policy.namespace), fault)

describe('what has become of a policy', () => {
  it.each<
    [
      title: string,
      Policy,
      services: ReturnType<typeof aService>[],
      accepted: string,
      enforced: string,
    ]
  >([
    [
      'of a service that exists',
      enforced({ targets: [iris] }),
      [aService()],
      'Accepted',
      'Enforced',
    ],
    ['of a namespace', enforced(), [aService(), other], 'Accepted', 'Enforced'],
    ['of a namespace without services', enforced(), [], 'Accepted', 'Enforced'],
    ['that cannot be read', enforced({ terms: undefined }), [aService()], 'Invalid', 'NotAccepted'],
    ['in shadow that cannot be read', aPolicy({ terms: undefined }), [], 'Invalid', 'NotAccepted'],
    ['in shadow', aPolicy(), [aService()], 'Accepted', 'Shadow'],
    ['in a shadow that is not allowed', aPolicy({ mode: 'none' }), [], 'Accepted', 'Shadow'],
    [
      'of a service that does not exist',
      enforced({ targets: [gone] }),
      [aService()],
      'TargetNotFound',
      'NotAccepted',
    ],
    [
      'of a service of another kind',
      enforced({ targets: [{ ...gone, name: 'iris' }] }),
      [aService()],
      'TargetNotFound',
      'NotAccepted',
    ],
    ['of no service', enforced({ targets: [] }), [aService()], 'TargetNotFound', 'NotAccepted'],
    [
      'of which one exists',
      enforced({ targets: [gone, iris] }),
      [aService()],
      'Accepted',
      'Enforced',
    ],
    [
      'of a service that is open by annotation',
      enforced(),
      [aService({ optedOut: true })],
      'Accepted',
      'Overridden',
    ],
    ['of a service in shadow', enforced(), [aService({ shadow: true })], 'Accepted', 'Overridden'],
    [
      'of which one is open by annotation',
      enforced(),
      [aService({ optedOut: true }), other],
      'Accepted',
      'Enforced',
    ],
    [
      'beside services of another namespace',
      enforced({ targets: [iris] }),
      [aService({ namespace: 'else' })],
      'TargetNotFound',
      'NotAccepted',
    ],
  ])('%s', (_title, policy, services, accepted, inForce) => {
    const standing = standingOf(policy, services)
    expect([standing.accepted.reason, standing.enforced.reason]).toEqual([accepted, inForce])
    expect(standing.accepted.holds).toBe(accepted === 'Accepted')
    expect(standing.enforced.holds).toBe(inForce === 'Enforced')
  })

  it('is told in the same words whatever the order of services and targets', () => {
    const services = ['b', 'a', 'c'].map((name) => aService({ name, optedOut: name !== 'c' }))
    expect(standingOf(enforced(), services)).toEqual(standingOf(enforced(), services.toReversed()))
    const [one, two] = [
      [gone, iris, { ...gone, name: 'also' }],
      [{ ...gone, name: 'also' }, iris, gone],
    ]
    expect(standingOf(enforced({ targets: one }), [aService()])).toEqual(
      standingOf(enforced({ targets: two }), [aService()]),
    )
  })

  it('names what is missing, what is open, and why it cannot be read', () => {
    const missing = standingOf(enforced({ targets: [gone, iris] }), [aService()])
    expect(missing.accepted.message).toBe('not found: InferenceGraph gone')
    const open = standingOf(enforced(), [aService({ optedOut: true }), other])
    expect(open.enforced.message).toBe('open by their own annotation: InferenceService iris')
    const broken = standingOf(enforced({ terms: undefined }), [], 'spec.deny is no list')
    expect(broken.accepted.message).toBe('spec.deny is no list')
    expect(broken.enforced.message).toBe('until it can be read, its services are closed')
    const many = Array.from({ length: 10 }, (_, index) =>
      aService({ name: `s${index}`, optedOut: true }),
    )
    expect(standingOf(enforced(), many).enforced.message).toMatch(/s7 and 2 more$/)
  })

  it('tells that all policies of a service are too much together, which closes it', () => {
    const rule = { from: [{ users: Array.from({ length: 4_000 }, () => 'a') }], to: undefined }
    const [one, ...others] = Array.from({ length: 3 }, () =>
      aPolicy({ mode: 'enforce' }, { deny: [rule] }),
    )
    if (one === undefined) throw new Error('one')
    const services = [aService(), aService({ name: 'opened', optedOut: true })]
    expect(standingOf(one, services, '', [one, ...others]).enforced).toEqual({
      holds: false,
      reason: 'TooLarge',
      message:
        'closed, since all their policies together have too many entries: InferenceService iris',
    })
    expect(standingOf(one, services, '', others).enforced.reason).toBe('Enforced')
    const tried = others.map((policy) => ({ ...policy, mode: 'shadow' as const }))
    expect(standingOf(one, services, '', [one, ...tried]).enforced.reason).toBe('Enforced')
  })
})
