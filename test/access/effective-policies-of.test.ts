import { describe, expect, it } from 'vitest'
import { createEffectivePolicies } from '../../src/access/effective-policies-of.ts'
import { aDirectory, aService } from '../../testing/builders.ts'
import { aPolicy } from '../../testing/policies/any-policies.ts'

const enforced = (name: string, namespace = 'team') => aPolicy({ mode: 'enforce', name, namespace })

function effectivePolicies() {
  const directory = aDirectory({ services: [aService()], policies: [enforced('one')] })
  let computed = 0
  const effectivePoliciesOf = createEffectivePolicies({
    ...directory,
    policiesFor: (ref) => {
      computed += 1
      return directory.policiesFor(ref)
    },
  })
  const service = aService({ protection: 'open' })
  return { directory, of: () => effectivePoliciesOf(service), computed: () => computed }
}

describe('the effective policy of a service', () => {
  it('is computed once, and again after a policy of its namespace changes', () => {
    const { directory, of, computed } = effectivePolicies()
    expect([of(), of()].map(({ enforced }) => enforced.terms.length)).toEqual([1, 1])
    expect(computed()).toBe(1)
    directory.policies.put('two', enforced('two'))
    expect(of().enforced.terms).toHaveLength(2)
    expect(computed()).toBe(2)
  })

  it('is not computed again after changes in other namespaces', () => {
    const { directory, of, computed } = effectivePolicies()
    of()
    for (let index = 0; index < 100; index += 1) {
      directory.policies.put('other', enforced(`p${index}`, 'else'))
      of()
    }
    expect(computed()).toBe(1)
  })

  it('denies everybody if the policies of its namespace exceed the limit, and not elsewhere', () => {
    const { directory, of } = effectivePolicies()
    const fill = (namespace: string) => {
      for (let index = 0; index < 4_096; index += 1) {
        const policy = { ...enforced(`p${index}`, namespace), targets: [] }
        directory.policies.put(`${namespace} ${index}`, policy)
      }
    }
    fill('else')
    directory.policies.put('more', enforced('more', 'else'))
    expect(of().enforced.invalid).toBeUndefined()
    fill('team')
    expect(of().enforced).toMatchObject({
      protection: 'protected',
      invalid: 'all policies of the namespace together have too many entries',
      terms: [],
    })
    directory.policies.remove('team 0')
    expect(of().enforced.invalid).toBeUndefined()
  })

  it('stays open if no policy applies to it, or if only shadow policies exceed the limit', () => {
    const { directory, of } = effectivePolicies()
    for (let index = 0; index < 4_097; index += 1) {
      directory.policies.put(`${index}`, { ...aPolicy({ name: `p${index}` }), targets: [] })
    }
    expect(of().enforced.invalid).toBeUndefined()
    directory.policies.remove('0 team/one')
    expect(of().enforced.protection).toBe('open')
  })

  it('shares the terms of a policy with all services it applies to', () => {
    const directory = aDirectory({ policies: [enforced('one')] })
    const effectivePoliciesOf = createEffectivePolicies(directory)
    const [one, other] = ['a', 'b'].map(
      (name) => effectivePoliciesOf(aService({ name })).enforced.terms[0],
    )
    expect(one).toBeDefined()
    expect(other).toBe(one)
  })
})
