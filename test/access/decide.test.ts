import { describe, expect, it } from 'vitest'
import { known, rejected } from '../../src/access/authentication.ts'
import { decide, type Facts } from '../../src/access/decide.ts'
import { allow, DENY_REASONS, type Decision, deny, OPEN } from '../../src/access/decision.ts'
import { aCaller } from '../../testing/builders.ts'

const ada = aCaller({ user: 'ada' })
const component = aCaller({ kind: 'component', user: 'transformer' })

const facts = (given: Partial<Facts> = {}): Facts => ({
  protection: 'protected',
  exempt: false,
  policies: 'readable',
  ownComponent: undefined,
  credential: 'none',
  rules: 'silent',
  forGroups: false,
  permission: 'no',
  ...given,
})

describe('the policy', () => {
  it.each<[title: string, Partial<Facts>, Decision]>([
    ['lets anybody use an open service', { protection: 'open' }, OPEN],
    ['asks nobody at an open service', { protection: 'open', credential: known(ada) }, OPEN],
    ['lets anybody ask what is exempt', { exempt: true }, OPEN],
    ['refuses everybody at a lost service', { protection: 'lost' }, deny('unknown-target')],
    [
      'refuses even what is exempt at a lost service',
      { protection: 'lost', exempt: true },
      deny('unknown-target'),
    ],
    [
      'refuses even a permitted caller at a lost service',
      { protection: 'lost', credential: known(ada), permission: 'yes' },
      deny('unknown-target'),
    ],
    ['asks for a credential', {}, deny('missing-credential')],
    [
      'refuses a malformed credential',
      { credential: 'malformed', permission: 'yes' },
      deny('malformed-credential'),
    ],
    [
      'refuses two credentials',
      { credential: 'ambiguous', permission: 'yes' },
      deny('ambiguous-credential'),
    ],
    ['lets a permitted caller in', { credential: known(ada), permission: 'yes' }, allow(ada)],
    ['refuses a stranger', { credential: known(ada) }, deny('not-permitted')],
    [
      'refuses a key of other services',
      { credential: known(ada), permission: 'foreign' },
      deny('key-not-for-service'),
    ],
    [
      'refuses while nobody can tell',
      { credential: known(ada), permission: 'unavailable' },
      deny('authorization-unavailable'),
    ],
    ['lets an own component in', { ownComponent: component }, allow(component)],
    [
      'lets an own component in with a credential that is not good',
      { ownComponent: component, credential: rejected('expired-token') },
      allow(component),
    ],
    [
      'names the user whose credential a component passes on',
      { ownComponent: component, credential: known(ada), permission: 'yes' },
      allow(ada),
    ],
  ])('%s', (_title, given, decision) => {
    expect(decide(facts(given))).toEqual(decision)
  })

  it.each(DENY_REASONS)('refuses a credential that is rejected as %s', (reason) => {
    expect(decide(facts({ credential: rejected(reason), permission: 'yes' }))).toEqual(deny(reason))
  })

  it('lets nobody in, of all facts together, but for these', () => {
    const allows = allFacts().filter((each) => decide(each).outcome === 'allow')
    const expected = allFacts().filter(
      ({ protection, exempt, ownComponent, credential, permission }) =>
        protection === 'open' ||
        (protection === 'protected' &&
          (exempt ||
            ownComponent !== undefined ||
            (typeof credential === 'object' &&
              credential.kind === 'known' &&
              permission === 'yes'))),
    )
    expect(allows).toEqual(expected)
  })
})

function allFacts(): Facts[] {
  const credentials: Facts['credential'][] = [
    'none',
    'malformed',
    'ambiguous',
    rejected('invalid-token'),
    known(ada),
  ]
  return (['open', 'protected', 'lost'] as const).flatMap((protection) =>
    [true, false].flatMap((exempt) =>
      [undefined, component].flatMap((ownComponent) =>
        credentials.flatMap((credential) =>
          (['yes', 'no', 'foreign', 'unavailable'] as const).map((permission) =>
            facts({ protection, exempt, ownComponent, credential, permission }),
          ),
        ),
      ),
    ),
  )
}
