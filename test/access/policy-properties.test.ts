import { describe, expect, it } from 'vitest'
import type { Service } from '../../src/access/service.ts'
import { casesOf, someOf } from '../../testing/cases.ts'
import { policyOf } from '../../testing/policies/policies.ts'
import { createChance, createGenerator, type PolicySpec } from './policies/generate.ts'
import { interpret, type Situation } from './policies/interpreter.ts'
import { anAsked, answerOf, deciding, isPlain, SERVICES, verdictOf } from './policies/world.ts'

const BREAKS: readonly [object, ...object[]] = [
  { deny: null },
  { deny: [{ from: [{ users: 'ada' }] }] },
  { allow: [{ to: [{ paths: ['/a*'] }] }] },
  { unknown: 1 },
  { exclusions: [{ path: '/%61' }] },
  { authentication: [] },
  { headers: { host: { claim: 'a' } } },
]

const isInForce = ({ mode, targetRefs }: PolicySpec, { kind, name }: Service): boolean =>
  mode !== 'Shadow' &&
  (targetRefs === undefined ||
    targetRefs.some((target) => target.kind === kind && target.name === name))

describe('policies', () => {
  it('decide each of very many cases exactly as the documentation says', () => {
    const chance = createChance(20_261_121)
    const { policy } = createGenerator(chance)
    const verdicts = new Map<string, number>()
    for (let world = 0; world < casesOf(10_000); world += 1) {
      const service = chance.pick(SERVICES)
      const specs = chance.some(3, policy)
      const broken = chance.isOne(20) ? { ...policy(), ...chance.pick(BREAKS) } : undefined
      const situation: Situation = {
        kind: service.kind,
        isOpen: service.protection === 'open',
        optedOut: service.optedOut === true,
        policies: specs.filter((spec) => isInForce(spec, service)),
        broken: broken !== undefined && isInForce(broken, service),
      }
      const policies = [...specs, ...(broken ? [broken] : [])].map((spec) => policyOf(spec))
      const authorize = deciding({ service, policies })
      for (let turn = 0; turn < 10; turn += 1) {
        const { request, who, peer } = anAsked(chance)
        const { method, path } = request
        const asking = {
          who,
          peer,
          method,
          path: path.replace(/[?].*/, ''),
          canonical: isPlain(path),
        }
        const verdict = verdictOf(answerOf(authorize, request))
        const expected = interpret(situation, asking)
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
        const whole = { verdict, expected, asking, service, specs, broken }
        if (![expected].flat().includes(verdict)) throw new Error(JSON.stringify(whole))
      }
    }
    expect(Math.min(...verdicts.values())).toBeGreaterThan(someOf(100))
    expect([...verdicts.keys()].sort()).toEqual(REACHED)
  })
})

const REACHED = [
  'allow',
  'denied-by-rule',
  'groups-unknown',
  'key-not-for-service',
  'missing-credential',
  'not-permitted',
  'policy-invalid',
  'unknown-api-key',
  'unknown-issuer',
  'unsupported-request',
  'wrong-audience',
]
