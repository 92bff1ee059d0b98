import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEffectivePolicies } from '../../src/access/effective-policies-of.ts'
import { describeChange } from '../../src/access/protection-change.ts'
import {
  PROTECTION_STATES,
  type ProtectionState,
  protectionStatusOf,
} from '../../src/access/protection-status.ts'
import type { Service } from '../../src/access/service.ts'
import { aDirectory, aService } from '../../testing/builders.ts'
import { anyPolicies, aPolicy } from '../../testing/policies/any-policies.ts'

const anyService: fc.Arbitrary<Service> = fc
  .record({
    protection: fc.constantFrom('open' as const, 'protected' as const, 'lost' as const),
    optedOut: fc.boolean(),
    shadow: fc.boolean(),
  })
  .map(aService)

describe('the protection of a service', () => {
  it('is the one by which requests are decided', () => {
    const decidedBy = (service: Service, directory: ReturnType<typeof aDirectory>) => {
      const { enforced, shadow } = createEffectivePolicies(directory)(service)
      if (enforced.protection === 'open') return shadow === undefined ? 'open' : 'shadow'
      if (enforced.protection === 'lost') return 'lost'
      return enforced.invalid === undefined ? 'protected' : 'closed'
    }
    fc.assert(
      fc.property(anyService, anyPolicies, (service, policies) => {
        const directory = aDirectory()
        for (const [index, policy] of policies.entries()) directory.policies.put(`${index}`, policy)
        expect(protectionStatusOf(service, directory).protection).toBe(
          decidedBy(service, directory),
        )
      }),
    )
  })

  it('names at most eight policies', () => {
    const directory = aDirectory()
    for (let index = 0; index < 100; index += 1)
      directory.policies.put(`${index}`, aPolicy({ name: `policy-${index}`, mode: 'enforce' }))
    const { why } = protectionStatusOf(aService({ protection: 'open' }), directory)
    expect(why).toMatch(/^policies policy-0, .*policy-7 and 92 more$/)
  })
})

describe('a change of protection', () => {
  const levelOf = (before: ProtectionState | undefined, protection: ProtectionState) =>
    describeChange(before, { protection, why: 'because' }).level

  it.each(PROTECTION_STATES)('from %s is a warning if it opens or closes the service', (before) => {
    const wasOpen = before === 'open' || before === 'shadow'
    expect(PROTECTION_STATES.map((now) => [now, levelOf(before, now)])).toEqual([
      ['open', wasOpen ? 'info' : 'warn'],
      ['shadow', wasOpen ? 'info' : 'warn'],
      ['protected', 'info'],
      ['closed', 'warn'],
      ['lost', 'warn'],
    ])
  })

  it('to a new service is a warning only if nobody may call it', () => {
    const levels = PROTECTION_STATES.map((now) => levelOf(undefined, now))
    expect(levels).toEqual(['info', 'info', 'info', 'warn', 'warn'])
  })

  it('says who may call the service now, why, and what it was before', () => {
    expect(describeChange('protected', { protection: 'open', why: 'because' })).toEqual({
      reason: 'ServiceOpened',
      message: 'open: everybody may call it (because; before: protected)',
      level: 'warn',
    })
    expect(describeChange(undefined, { protection: 'protected', why: 'x' }).message).toBe(
      'protected: callers need a credential and permission (x; a new service)',
    )
  })
})
