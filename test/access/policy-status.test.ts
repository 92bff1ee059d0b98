import { describe, expect, it } from 'vitest'
import { createNames, namespacePoliciesOf } from '../../src/access/namespace-policies.ts'
import type { Policy, PolicyTarget } from '../../src/access/policy.ts'
import { policyStatusOf as statusIn } from '../../src/access/policy-status.ts'
import type { Service } from '../../src/access/service.ts'
import { inSlices } from '../../src/common/slices.ts'
import { aService } from '../../testing/builders.ts'
import { SETTINGS } from '../../testing/objects.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'
import { policyOf } from '../../testing/policies/policies.ts'
import { countedTurns, done } from '../../testing/working.ts'

const iris: PolicyTarget = { kind: 'InferenceService', name: 'iris' }
const gone: PolicyTarget = { kind: 'InferenceGraph', name: 'gone' }
const enforced = (given: Partial<Policy> = {}) => aPolicy({ mode: 'enforce', ...given })
const other = aService({ name: 'other' })
const policyStatusOf = (
  policy: Policy,
  services: readonly Service[],
  fault?: string,
  policies: readonly Policy[] = [policy],
) => {
  const own = services.filter(({ namespace }) => namespace === policy.namespace)
  return statusIn(policy, done(namespacePoliciesOf(own, policies)), fault)
}

describe('the status of a policy with providers that the installation does not have', () => {
  const accepting = (...providers: readonly string[]) =>
    policyOf({ authentication: { jwt: providers.map((provider) => ({ provider })) } })
  const resolvedRefs = (policy: Policy) => policyStatusOf(policy, [aService()]).resolvedRefs
  const [known = ''] = SETTINGS.providers

  it('names them', () => {
    expect(resolvedRefs(accepting(known, 'nobody', 'none', 'nobody'))).toEqual({
      holds: false,
      reason: 'UnknownProvider',
      message: 'no such provider: nobody, none',
    })
    expect(resolvedRefs(accepting(known))).toEqual({
      holds: true,
      reason: 'ResolvedRefs',
      message: '',
    })
  })

  it('stays accepted and enforced, because the policy still decides', () => {
    const { accepted, enforced } = policyStatusOf(accepting('nobody'), [aService()])
    expect(accepted).toEqual({ holds: true, reason: 'Accepted', message: '' })
    expect(enforced).toEqual({ holds: true, reason: 'Enforced', message: '' })
  })

  it('names them also if its targets do not exist', () => {
    const policy = { ...accepting('nobody'), targets: [gone] }
    expect(policyStatusOf(policy, [aService()])).toMatchObject({
      accepted: { holds: false, reason: 'TargetNotFound' },
      resolvedRefs: { holds: false, reason: 'UnknownProvider' },
    })
  })

  it('names none of a policy that is unreadable', () => {
    expect(resolvedRefs(enforced({ terms: undefined }))).toEqual({
      holds: false,
      reason: 'NotAccepted',
      message: '',
    })
  })

  it('names at most eight, in printable ASCII', () => {
    const many = Array.from({ length: 20 }, (_, index) => `p\n${index}`)
    expect(resolvedRefs(accepting(...many)).message).toBe(
      'no such provider: p?0, p?1, p?2, p?3, p?4, p?5, p?6, p?7',
    )
  })
})

describe('the status of a policy', () => {
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
      'for an existing service',
      enforced({ targets: [iris] }),
      [aService()],
      'Accepted',
      'Enforced',
    ],
    ['for a namespace', enforced(), [aService(), other], 'Accepted', 'Enforced'],
    ['for a namespace without services', enforced(), [], 'Accepted', 'Enforced'],
    ['that is unreadable', enforced({ terms: undefined }), [aService()], 'Invalid', 'NotAccepted'],
    ['in shadow that is unreadable', aPolicy({ terms: undefined }), [], 'Invalid', 'NotAccepted'],
    ['in shadow', aPolicy(), [aService()], 'Accepted', 'Shadow'],
    [
      'in shadow that the configuration forbids',
      aPolicy({ mode: 'none' }),
      [],
      'Accepted',
      'Shadow',
    ],
    [
      'for a missing service',
      enforced({ targets: [gone] }),
      [aService()],
      'TargetNotFound',
      'NotAccepted',
    ],
    [
      'for a service of another kind',
      enforced({ targets: [{ ...gone, name: 'iris' }] }),
      [aService()],
      'TargetNotFound',
      'NotAccepted',
    ],
    ['for no service', enforced({ targets: [] }), [aService()], 'TargetNotFound', 'NotAccepted'],
    [
      'for two services of which one exists',
      enforced({ targets: [gone, iris] }),
      [aService()],
      'Accepted',
      'Enforced',
    ],
    [
      'for a service that is open by annotation',
      enforced(),
      [aService({ optedOut: true })],
      'Accepted',
      'Overridden',
    ],
    ['for a service in shadow', enforced(), [aService({ shadow: true })], 'Accepted', 'Overridden'],
    [
      'for two services of which one is open by annotation',
      enforced(),
      [aService({ optedOut: true }), other],
      'Accepted',
      'Enforced',
    ],
    [
      'next to services of another namespace',
      enforced({ targets: [iris] }),
      [aService({ namespace: 'else' })],
      'TargetNotFound',
      'NotAccepted',
    ],
  ])('%s', (_title, policy, services, accepted, inForce) => {
    const policyStatus = policyStatusOf(policy, services)
    expect([policyStatus.accepted.reason, policyStatus.enforced.reason]).toEqual([
      accepted,
      inForce,
    ])
    expect(policyStatus.accepted.holds).toBe(accepted === 'Accepted')
    expect(policyStatus.enforced.holds).toBe(inForce === 'Enforced')
  })

  it('has the same words whatever the order of services and targets', () => {
    const services = ['b', 'a', 'c'].map((name) => aService({ name, optedOut: name !== 'c' }))
    expect(policyStatusOf(enforced(), services)).toEqual(
      policyStatusOf(enforced(), services.toReversed()),
    )
    const [one, two] = [
      [gone, iris, { ...gone, name: 'also' }],
      [{ ...gone, name: 'also' }, iris, gone],
    ]
    expect(policyStatusOf(enforced({ targets: one }), [aService()])).toEqual(
      policyStatusOf(enforced({ targets: two }), [aService()]),
    )
  })

  it('names missing and open services, and why the policy is unreadable', () => {
    const missing = policyStatusOf(enforced({ targets: [gone, iris] }), [aService()])
    expect(missing.accepted.message).toBe('not found: InferenceGraph gone')
    const open = policyStatusOf(enforced(), [aService({ optedOut: true }), other])
    expect(open.enforced.message).toBe('open by their own annotation: InferenceService iris')
    const broken = policyStatusOf(enforced({ terms: undefined }), [], 'spec.deny is not a list')
    expect(broken.accepted.message).toBe('spec.deny is not a list')
    expect(broken.enforced.message).toBe('its services are closed until it can be read')
    const many = Array.from({ length: 10 }, (_, index) =>
      aService({ name: `s${index}`, optedOut: true }),
    )
    expect(policyStatusOf(enforced(), many).enforced.message).toMatch(/s7 and 2 more$/)
  })

  it('says that all policies of a service together exceed the limit, so that it denies everybody', () => {
    const rule = { from: [{ users: Array.from({ length: 4_000 }, () => 'a') }], to: undefined }
    const [one, ...others] = Array.from({ length: 3 }, () =>
      aPolicy({ mode: 'enforce' }, { deny: [rule] }),
    )
    if (one === undefined) throw new Error('one')
    const services = [aService(), aService({ name: 'opened', optedOut: true })]
    expect(policyStatusOf(one, services, '', [one, ...others]).enforced).toEqual({
      holds: false,
      reason: 'TooLarge',
      message:
        'closed, because all their policies together have too many entries: InferenceService iris',
    })
    expect(policyStatusOf(one, services, '', others).enforced.reason).toBe('Enforced')
    const tried = others.map((policy) => ({ ...policy, mode: 'shadow' as const }))
    expect(policyStatusOf(one, services, '', [one, ...tried]).enforced.reason).toBe('Enforced')
  })

  it('says that all policies of its namespace together exceed the limit', () => {
    const many = Array.from({ length: 4_096 }, () => enforced({ targets: [iris] }))
    const [policy = enforced()] = many
    const services = [aService(), other, aService({ name: 'opened', optedOut: true })]
    expect(policyStatusOf(policy, services, '', many.slice(1_000)).enforced.reason).toBe('TooLarge')
    const elsewhere = Array.from({ length: 4_000 }, () => enforced({ targets: [gone] }))
    expect(policyStatusOf(policy, services, '', [policy, ...elsewhere]).enforced).toEqual({
      holds: false,
      reason: 'TooLarge',
      message:
        'closed, because all policies of the namespace together have too many entries: InferenceService iris',
    })
    expect(policyStatusOf(policy, services, '', elsewhere.slice(1_000)).enforced.reason).toBe(
      'Enforced',
    )
  })

  it('names each service once, however often it is declared', () => {
    const twice = Array.from({ length: 20 }, (_, index) =>
      aService({ name: `s${index % 10}`, optedOut: true }),
    )
    const { enforced: said } = policyStatusOf(enforced(), twice)
    expect(said.reason).toBe('Overridden')
    expect(said.message).toMatch(/s7 and 2 more$/)
  })
})

describe('the status of many policies', () => {
  const policies = (count: number, targets: Policy['targets']) =>
    Array.from({ length: count }, () => enforced({ targets }))
  const services = (count: number) =>
    Array.from({ length: count }, (_, index) => aService({ name: `s${index}` }))
  const unitsOf = (count: number) =>
    done(namespacePoliciesOf(services(count), policies(count, [iris, gone]))).units

  it('costs time linear in the number of objects, not of pairs', () => {
    expect(unitsOf(10_000)).toBe(10 * unitsOf(1_000))
  })

  it('looks at each service once', () => {
    let looks = 0
    const watched = services(1_000).map((service) => ({
      ...service,
      get name() {
        looks += 1
        return service.name
      },
    }))
    const around = done(namespacePoliciesOf(watched, policies(1_000, undefined)))
    const before = looks
    for (const policy of policies(1_000, undefined)) statusIn(policy, around)
    expect(looks).toBe(before)
    expect(before).toBeLessThan(10_000)
  })

  it('is computed in slices, with a turn of the event loop in between', async () => {
    const { turns, turn } = countedTurns()
    await inSlices(namespacePoliciesOf(services(10_000), policies(10_000, [iris])), turn)
    expect(turns.count).toBeGreaterThan(20)
  })
})

it('the first eight services are named, in whatever order they come', () => {
  const names = createNames()
  for (const name of 'tsrqponmlkjihgfedcba') names.add({ kind: 'InferenceService', name })
  const named = Array.from('abcdefgh', (name) => `InferenceService ${name}`).join(', ')
  expect(names.text()).toBe(`${named} and 12 more`)
})
