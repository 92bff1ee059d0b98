import { describe, expect, it } from 'vitest'
import { createDirectory } from '../../src/access/directory.ts'
import type { Policy, PolicyTerms } from '../../src/access/policy.ts'
import type { Service } from '../../src/access/service.ts'
import { describeServices } from '../../src/cli/describe-service.ts'
import type { LastDenialOf } from '../../src/cli/replica-denials.ts'
import { formatWhole } from '../../src/cli/services-format.ts'
import type { GuardVerdict } from '../../src/resources/guard.ts'
import { anApiKey, aService, aWorkload } from '../../testing/builders.ts'

const TERMS: PolicyTerms = {
  accepted: undefined,
  deny: [],
  allow: undefined,
  exclusions: [],
  headers: {},
}

const aPolicy = (own: Partial<Policy> = {}): Policy => ({
  namespace: 'team',
  name: 'only-us',
  targets: undefined,
  mode: 'enforce',
  terms: TERMS,
  ...own,
})

async function rowOf(service: Partial<Service>, ...policies: readonly Policy[]) {
  const directory = createDirectory()
  directory.services.put('a', aService({ protection: 'open', ...service }))
  for (const [index, policy] of policies.entries()) directory.policies.put(`${index}`, policy)
  directory.keys.put('k', anApiKey({ namespace: 'team', name: 'k', expiresAt: 1_000 }))
  const [row] = await describeServices({ directory }, 'team', 2_000)
  return row
}

describe('the protection of a service and what it is due to', () => {
  it.each([
    ['open', 'no annotation and no policy', {}, []],
    ['open', 'its annotation opens it', { optedOut: true }, [aPolicy()]],
    [
      'protected',
      'annotation enable-auth',
      { protection: 'protected', protectedBy: 'annotation' },
      [],
    ],
    [
      'protected',
      'its annotation may not open it',
      { protection: 'protected', protectedBy: 'installation' },
      [],
    ],
    ['protected', 'policy only-us', {}, [aPolicy()]],
    ['protected', 'policies only-us, b', {}, [aPolicy(), aPolicy({ name: 'b' })]],
    ['closed', 'policy only-us: only-us cannot be read', {}, [aPolicy({ terms: undefined })]],
    ['shadow', 'its policies are in shadow', {}, [aPolicy({ mode: 'shadow' })]],
    [
      'shadow',
      'annotation kserve-authz.io/mode: shadow',
      { protection: 'protected', shadow: true },
      [],
    ],
    ['lost', 'its declaration can no longer be read', { protection: 'lost' }, []],
  ] as const)('%s: %s', async (protection, why, service, policies) => {
    expect(await rowOf(service, ...policies)).toMatchObject({ protection, why })
  })
})

it('a service is shown with its policies, its keys and where it is guarded', async () => {
  expect(await rowOf({ unguarded: true }, aPolicy())).toMatchObject({
    policies: [
      {
        name: 'only-us',
        accepted: 'Accepted',
        enforced: 'Enforced',
        resolvedRefs: 'ResolvedRefs',
      },
    ],
    keys: [{ secret: 'team/k', expiresAt: '1970-01-01T00:00:01.000Z', expired: true }],
    guard: 'none: ModelMesh serves it',
    checked: false,
  })
})

describe('where a service is guarded', () => {
  const UNGUARDED = { state: 'unguarded', reason: 'pod-not-selected', at: 'Pod team/a' } as const
  const guardWith = async (sidecars: readonly boolean[], verdict?: GuardVerdict) => {
    const directory = createDirectory()
    const service = aService()
    directory.services.put('a', service)
    for (const [index, sidecar] of sidecars.entries())
      directory.workloads.put(`${index}`, aWorkload({ service, sidecar }))
    const seen = { directory, guardOf: verdict === undefined ? undefined : () => verdict }
    const [row] = await describeServices(seen, undefined, 0)
    return [row?.checked, row?.guard]
  }

  it.each([
    [[], { state: 'guarded' }, null, 'no pods'],
    [[true], undefined, null, 'sidecars'],
    [[true, false], undefined, null, '1 of 2 pods have a sidecar'],
    [[true], { state: 'guarded' }, true, 'sidecars: checked'],
    [[true, false], { state: 'guarded' }, true, '1 of 2 pods have a sidecar: checked'],
    [[false], { state: 'guarded' }, true, 'gateways: checked'],
    [[true], { state: 'unknown' }, null, 'sidecars: not known whether checked'],
    [[true], UNGUARDED, false, 'not checked: pod-not-selected (Pod team/a)'],
    [[true], { ...UNGUARDED, at: '' }, false, 'not checked: pod-not-selected'],
  ] as const)('with sidecars %j and the verdict %j', async (sidecars, verdict, checked, guard) => {
    expect(await guardWith(sidecars, verdict)).toEqual([checked, guard])
  })
})

it('a policy that names an unknown provider is shown as such, and as enforced', async () => {
  const jwt = [{ provider: 'nobody', unconfigured: 'nobody', audiences: undefined }]
  const accepted = {
    kubernetes: undefined,
    apiKeys: undefined,
    jwt,
    mesh: false,
    anonymous: false,
  }
  const row = await rowOf({}, aPolicy({ terms: { ...TERMS, accepted } }), aPolicy({ name: 'b' }))
  expect(row?.policies).toMatchObject([
    { name: 'only-us', enforced: 'Enforced', resolvedRefs: 'UnknownProvider' },
    { name: 'b', enforced: 'Enforced', resolvedRefs: 'ResolvedRefs' },
  ])
  const table = formatWhole(row === undefined ? [] : [row], 'table')
  expect(table).toContain('only-us (Enforced, UnknownProvider), b (Enforced)')
})

describe('the last denial of a service', () => {
  const DENIAL = { time: '2026-01-01T00:00:00.000Z', reason: 'not-permitted', position: 'gateway' }
  const rowsOf = (lastDenialOf?: LastDenialOf) => {
    const directory = createDirectory()
    for (const name of ['iris', 'other']) directory.services.put(name, aService({ name }))
    return describeServices({ directory }, undefined, 0, { lastDenialOf })
  }
  const ofIris: LastDenialOf = ({ name }) => (name === 'iris' ? DENIAL : undefined)

  it('is shown if replicas were asked', async () => {
    const rows = await rowsOf(ofIris)

    expect(rows.map(({ lastDenial }) => lastDenial)).toEqual([DENIAL, null])
    const lines = formatWhole(rows, 'table').split('\n')
    expect(lines[0]).toMatch(/ KEYS +LAST DENIAL$/)
    expect(lines[1]).toMatch(/ 2026-01-01T00:00:00\.000Z not-permitted, gateway$/)
    expect(lines[2]).toMatch(/ 0 +-$/)
  })

  it('is not mentioned otherwise', async () => {
    const rows = await rowsOf()

    expect(rows.some((row) => 'lastDenial' in row)).toBe(false)
    expect(formatWhole(rows, 'wide')).not.toContain('DENIAL')
  })
})

describe('the callers of a service', () => {
  const shown = async (callers: readonly string[], output: 'table' | 'wide') => {
    const directory = createDirectory()
    directory.services.put('a', aService())
    const rows = await describeServices({ directory }, undefined, 0, {
      callersOf: async () => callers,
    })
    return formatWhole(rows, output)
  }

  it('are shown if they are asked for', async () => {
    expect(await shown(['User ada', 'Group ml'], 'table')).toMatch(
      / KEYS +CALLERS\n.* User ada, Group ml\n$/,
    )
    expect(await shown([], 'table')).toMatch(/ -\n$/)
  })

  it('are all named only in a wide table', async () => {
    const many = ['User a', 'User b', 'User c', 'User d', 'User e']
    expect(await shown(many, 'table')).toMatch(/ User a, User b, User c and 2 more\n$/)
    expect(await shown(many, 'wide')).toMatch(/ User a, User b, User c, User d, User e +/)
  })
})

describe('the problems of a service', () => {
  const shown = async (problems: readonly string[], output: 'table' | 'wide') => {
    const directory = createDirectory()
    directory.services.put('a', aService({ protection: 'open' }))
    const rows = await describeServices({ directory }, undefined, 0, { problemsOf: () => problems })
    expect(rows.map((row) => row.problems)).toEqual([problems])
    return formatWhole(rows, output)
  }

  it('are counted in the table, and told in a wide one', async () => {
    expect(await shown([], 'table')).toMatch(/ no annotation and no policy +- /)
    expect(await shown(['one'], 'table')).toMatch(/ no annotation and no policy \(1 problem\) +- /)
    expect(await shown(['one', 'two'], 'table')).toMatch(/ \(2 problems\) /)
    expect(await shown([], 'wide')).toMatch(/ROUTES +PROBLEMS\n.* -\n$/)
    expect(await shown(['one', 'two'], 'wide')).toMatch(
      / no annotation and no policy +- .* one; two\n$/,
    )
  })
})
