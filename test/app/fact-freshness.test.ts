import { describe, expect, it } from 'vitest'
import { FACTS, type Fact } from '../../src/access/freshness.ts'
import { heardAtOf } from '../../src/app/cluster-objects.ts'
import { boundsIn, createFreshness, describeStale } from '../../src/app/fact-freshness.ts'
import { ConfigError, readConfig } from '../../src/config/read-config.ts'
import { REFLECTOR_PERIODS } from '../../src/kubernetes/watch/reflector.ts'
import {
  configurationCollection,
  holdingCollections,
  llmConfigCollections,
  policyCollections,
  routeCollections,
  serviceCollections,
} from '../../src/kubernetes/watch/watched-kinds.ts'

const configOf = (kubernetes: object) =>
  readConfig({
    file: { path: 'config.json', text: JSON.stringify({ kubernetes }) },
    env: {},
    flags: {},
  })

/** A clock that stands still, and the reported data. */
function aWorld(longest = { address: 300_000, object: 86_400_000 }) {
  let now = 1_000_000
  let asked = 0
  const heard: Record<Fact, number> = {
    pods: now,
    routes: now,
    services: now,
    policies: now,
    keys: now,
  }
  const freshness = createFreshness(
    (fact) => {
      asked += 1
      return heard[fact]
    },
    longest,
    () => now,
  )
  return {
    ...freshness,
    pass: (ms: number) => {
      now += ms
    },
    hear: (fact: Fact) => {
      heard[fact] = now
    },
    asked: () => asked,
  }
}

describe('a fact', () => {
  it.each(FACTS)('counts until its bound and no longer: %s', (fact) => {
    const { isFresh, pass } = aWorld()
    pass(300_000)
    expect([isFresh(fact, 'address'), isFresh(fact, 'object')]).toEqual([true, true])
    pass(1)
    expect([isFresh(fact, 'address'), isFresh(fact, 'object')]).toEqual([false, true])
    pass(86_100_000)
    expect([isFresh(fact, 'address'), isFresh(fact, 'object')]).toEqual([false, false])
  })

  it('counts again once it is confirmed, independently of others', () => {
    const { isFresh, stale, pass, hear } = aWorld()
    pass(86_400_001)
    expect(isFresh('pods', 'address')).toBe(false)
    hear('pods')
    expect(isFresh('pods', 'address')).toBe(true)
    expect(stale()).toEqual([
      { fact: 'routes', bound: 'address' },
      { fact: 'routes', bound: 'object' },
      { fact: 'services', bound: 'object' },
      { fact: 'policies', bound: 'object' },
      { fact: 'keys', bound: 'object' },
    ])
  })

  it('is reported for each bound that it exceeds, the address of a pod first', () => {
    const { stale, pass } = aWorld()
    pass(300_000)
    expect(stale()).toEqual([])
    pass(1)
    expect(stale()).toEqual([
      { fact: 'pods', bound: 'address' },
      { fact: 'routes', bound: 'address' },
    ])
    pass(86_100_000)
    expect(stale()).toEqual([
      { fact: 'pods', bound: 'address' },
      { fact: 'pods', bound: 'object' },
      { fact: 'routes', bound: 'address' },
      { fact: 'routes', bound: 'object' },
      { fact: 'services', bound: 'object' },
      { fact: 'policies', bound: 'object' },
      { fact: 'keys', bound: 'object' },
    ])
  })

  it('that was never confirmed does not count', () => {
    const { isFresh } = createFreshness(() => Number.NEGATIVE_INFINITY, {
      address: 300_000,
      object: 86_400_000,
    })
    expect(isFresh('keys', 'object')).toBe(false)
  })

  it('is requested again only if the last report is too old', () => {
    const { isFresh, pass, hear, asked } = aWorld()
    for (let checks = 0; checks < 100; checks += 1) isFresh('pods', 'address')
    expect(asked()).toBe(1)
    pass(200_000)
    hear('pods')
    expect(isFresh('pods', 'address')).toBe(true)
    pass(200_000)
    expect(isFresh('pods', 'address')).toBe(true)
    expect(asked()).toBe(2)
  })
})

describe('in a cluster', () => {
  const scope = { namespaces: ['a', 'b'], apiKeyLabels: {} }
  const resources = [
    configurationCollection('kserve'),
    ...llmConfigCollections(scope, 'kserve'),
    ...[serviceCollections, policyCollections, holdingCollections, routeCollections].flatMap((of) =>
      of(scope),
    ),
  ].map(({ resource }) => resource)
  const state = (resource: string, heardAt: number | undefined) => ({
    resource,
    synced: true,
    present: true,
    withheld: false,
    following: true,
    restarts: 0,
    problem: '',
    heardAt,
  })

  it.each(resources.map((resource, index) => [resource, index] as const))(
    'a fact is as old as the oldest of its collections: %s %i',
    (_resource, oldest) => {
      const states = resources.map((each, index) => state(each, index === oldest ? 1 : 2))
      const old = FACTS.filter((fact) => heardAtOf(fact, states) === 1)
      expect(old).toHaveLength(1)
      const silent = states.map((each) =>
        each.heardAt === 1 ? state(each.resource, undefined) : each,
      )
      expect(FACTS.filter((fact) => heardAtOf(fact, silent) < 0)).toEqual(old)
    },
  )

  it.each([
    ['pods', 'pods'],
    ['httproutes', 'routes'],
    ['grpcroutes', 'routes'],
    ['secrets', 'keys'],
    ['accesspolicies', 'policies'],
    ['inferenceservices', 'services'],
    ['inferencegraphs', 'services'],
    ['llminferenceservices', 'services'],
    ['configmaps', 'services'],
    ['llminferenceserviceconfigs', 'services'],
  ])('%s provide %s', (resource, fact) => {
    const states = [...new Set(resources)].map((each) => state(each, each === resource ? 1 : 2))
    expect(FACTS.filter((each) => heardAtOf(each, states) === 1)).toEqual([fact])
  })
})

describe('routes that may not be read', () => {
  it('have no age', () => {
    const state = { synced: true, present: true, following: true, restarts: 0, problem: '' }
    const routes = { ...state, resource: 'httproutes', heardAt: undefined }
    expect(heardAtOf('routes', [{ ...routes, withheld: true }])).toBe(Number.POSITIVE_INFINITY)
    expect(heardAtOf('routes', [{ ...routes, withheld: false }])).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('the bounds', () => {
  it('are five minutes and one day by default', () => {
    expect(boundsIn(configOf({}))).toEqual({ address: 300_000, object: 86_400_000 })
    const own = { maxAddressStalenessSeconds: 600, maxStalenessSeconds: 3_600 }
    expect(boundsIn(configOf(own))).toEqual({ address: 600_000, object: 3_600_000 })
  })

  it('do not let an address count longer than an object', () => {
    const own = { maxAddressStalenessSeconds: 600, maxStalenessSeconds: 240 }
    expect(boundsIn(configOf(own))).toEqual({ address: 240_000, object: 240_000 })
  })

  it.each([0, 239, 604_801, 300.5, '300', null])('cannot be %j', (value) => {
    expect(() => configOf({ maxAddressStalenessSeconds: value })).toThrow(ConfigError)
    expect(() => configOf({ maxStalenessSeconds: value })).toThrow(ConfigError)
  })

  it('are longer than the watch of a healthy API server can be silent', () => {
    const { silence, request, longestRetry } = REFLECTOR_PERIODS
    // After two silent periods everything is listed again.
    const longest = 2 * (silence + longestRetry) + request
    const least = configOf({ maxAddressStalenessSeconds: 240, maxStalenessSeconds: 240 })
    for (const bound of Object.values(boundsIn(least))) expect(bound).toBeGreaterThan(longest)
  })
})

describe('readiness', () => {
  it('names the stale facts, and the callers affected', () => {
    expect(describeStale([])).toBe('all facts are fresh')
    expect(describeStale([{ fact: 'pods', bound: 'address' }])).toBe(
      'too old to admit callers without a credential: pods',
    )
    expect(
      describeStale([
        { fact: 'pods', bound: 'address' },
        { fact: 'services', bound: 'object' },
        { fact: 'keys', bound: 'object' },
      ]),
    ).toBe(
      'too old to admit callers without a credential: pods; too old to admit callers: services, keys',
    )
  })
})
