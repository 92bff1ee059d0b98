import { describe, expect, it } from 'vitest'
import { MAX_JUDGED } from '../../src/access/contenders.ts'
import type { Directory } from '../../src/access/directory.ts'
import { findTargets } from '../../src/access/find-targets.ts'
import type { Service } from '../../src/access/service.ts'
import {
  aDirectory,
  anApiKey,
  anAuthorize,
  aRequest,
  aService,
  GATEWAYS,
} from '../../testing/builders.ts'
import { policyOf } from '../../testing/policies/policies.ts'

const many = (count: number, given: Partial<Service> = {}): Service[] =>
  Array.from({ length: count }, (_, index) =>
    aService({ namespace: `n${index % 100}`, name: `s${index}`, ...given }),
  )

const KEY = { authorization: 'Bearer iris-key-0123456789' }

/** The number of policies looked up for one request, and its answer. */
function asked(directory: Directory, headers: Readonly<Record<string, string>> = {}) {
  let lookUps = 0
  const counting: Directory = {
    ...directory,
    policiesFor: (ref) => {
      lookUps += 1
      return directory.policiesFor(ref)
    },
  }
  const authorize = anAuthorize({ directory: counting })
  return () => {
    lookUps = 0
    const answer = authorize(aRequest({ headers }))
    if (answer instanceof Promise) throw new Error('every fact is in memory')
    const { decision } = answer
    return { lookUps, answer: decision.outcome === 'deny' ? decision.reason : 'allow' }
  }
}

describe('a host of many services', () => {
  it('is open if all of them are, however many', () => {
    const ask = asked(aDirectory({ services: many(20_000, { protection: 'open' }) }))
    expect(ask().answer).toBe('allow')
  })

  it('costs no more than one service, until a service or a policy changes', () => {
    const directory = aDirectory({ services: many(5_000, { protection: 'open' }) })
    const ask = asked(directory)
    expect(ask()).toEqual({ lookUps: 5_000, answer: 'allow' })
    expect(ask()).toEqual({ lookUps: 0, answer: 'allow' })
    directory.policies.put('p', { ...policyOf({ allow: [] }), namespace: 'n7' })
    expect(ask()).toEqual({ lookUps: 50, answer: 'missing-credential' })
    directory.policies.remove('p')
    expect(ask().answer).toBe('allow')
    directory.services.put('new', aService({ protection: 'lost' }))
    expect(ask().answer).toBe('unknown-target')
  })

  it('gives the same list of targets until one changes', () => {
    const directory = aDirectory({ services: many(100) })
    const find = () => findTargets(aRequest(), directory, GATEWAYS, () => true)
    expect(find()).toBe(find())
    const before = find()
    directory.services.put('new', aService())
    expect(find()).not.toBe(before)
  })

  it('is judged by each service that is not open, up to a bound', () => {
    const key = anApiKey()
    const ofTeam = (count: number) =>
      Array.from({ length: count }, (_, index) => aService({ name: `s${index}` }))
    const open = many(1_000, { protection: 'open' })
    const answers = [MAX_JUDGED - 1, MAX_JUDGED + 1].map((count) => {
      const services = [...open, ...ofTeam(count)]
      const answer = anAuthorize({ services, keys: [key] })(aRequest({ headers: KEY }))
      if (answer instanceof Promise) throw new Error('every fact is in memory')
      return answer.decision
    })
    expect(answers).toMatchObject([
      { outcome: 'allow', caller: { kind: 'api-key' } },
      { outcome: 'deny', reason: 'conflicting-target' },
    ])
  })
})
