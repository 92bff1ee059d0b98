import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import {
  createDependencyCounts,
  measureCaches,
  measureKeys,
} from '../../src/observability/dependency-metrics.ts'

/** The samples of a registry, without comments. */
const samples = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('requests to other programs', () => {
  it('are counted by outcome, and timed', async () => {
    const registry = new Registry()
    const observe = createDependencyCounts(registry)
    observe({ dependency: 'jwks', result: 'success', seconds: 0.02 })
    observe({ dependency: 'jwks', result: 'error', seconds: 3 })
    const lines = await samples(registry)

    expect(lines).toContain(
      'kserve_authz_dependency_requests_total{dependency="jwks",result="success"} 1',
    )
    expect(lines).toContain(
      'kserve_authz_dependency_requests_total{dependency="jwks",result="error"} 1',
    )
    expect(lines).toContain('kserve_authz_dependency_duration_seconds_sum{dependency="jwks"} 3.02')
    expect(lines).toContain(
      'kserve_authz_dependency_duration_seconds_bucket{le="3",dependency="jwks"} 2',
    )
  })
})

describe('the keys of identity providers', () => {
  it('have an age in seconds, which is infinite before they are known', async () => {
    const registry = new Registry()
    const ages = new Map<string, number | undefined>([
      ['dex', 1_500],
      ['iap', undefined],
    ])
    measureKeys(registry, () => ages)

    expect(await samples(registry)).toEqual([
      'kserve_authz_jwks_age_seconds{provider="dex"} 1.5',
      'kserve_authz_jwks_age_seconds{provider="iap"} +Inf',
    ])
  })
})

describe('caches', () => {
  it('report their size and hits, again at each scrape', async () => {
    const registry = new Registry()
    const counts = { cache: 'jwt', entries: 2, hits: 5, misses: 3 }
    measureCaches(registry, () => [counts])
    await samples(registry)
    counts.hits = 6

    expect(await samples(registry)).toEqual([
      'kserve_authz_cache_requests_total{cache="jwt",result="hit"} 6',
      'kserve_authz_cache_requests_total{cache="jwt",result="miss"} 3',
      'kserve_authz_cache_entries{cache="jwt"} 2',
    ])
  })
})
