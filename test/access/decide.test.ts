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
    ['allows everybody at an open service', { protection: 'open' }, OPEN],
    [
      'does not identify callers of an open service',
      { protection: 'open', credential: known(ada) },
      OPEN,
    ],
    ['allows everybody on exempt requests', { exempt: true }, OPEN],
    ['denies everybody at a lost service', { protection: 'lost' }, deny('unknown-target')],
    [
      'denies even exempt requests at a lost service',
      { protection: 'lost', exempt: true },
      deny('unknown-target'),
    ],
    [
      'denies even a permitted caller at a lost service',
      { protection: 'lost', credential: known(ada), permission: 'yes' },
      deny('unknown-target'),
    ],
    ['requires a credential', {}, deny('missing-credential')],
    [
      'denies a malformed credential',
      { credential: 'malformed', permission: 'yes' },
      deny('malformed-credential'),
    ],
    [
      'denies two credentials',
      { credential: 'ambiguous', permission: 'yes' },
      deny('ambiguous-credential'),
    ],
    ['allows a permitted caller', { credential: known(ada), permission: 'yes' }, allow(ada)],
    ['denies a caller without permission', { credential: known(ada) }, deny('not-permitted')],
    [
      'denies a key of other services',
      { credential: known(ada), permission: 'foreign' },
      deny('key-not-for-service'),
    ],
    [
      'denies if the permission cannot be determined',
      { credential: known(ada), permission: 'unavailable' },
      deny('authorization-unavailable'),
    ],
    ['allows a sibling component', { ownComponent: component }, allow(component)],
    [
      'allows a sibling component with an invalid credential',
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

  it.each(DENY_REASONS)('denies a credential that is rejected as %s', (reason) => {
    expect(decide(facts({ credential: rejected(reason), permission: 'yes' }))).toEqual(deny(reason))
  })

  it('allows nothing else, over all combinations of facts', () => {
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
