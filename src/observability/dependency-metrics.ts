// Metrics of other programs, caches, revocation and shed work.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { CacheCounts, DependencyCall } from '../common/measurements.ts'

/** Counts requests to other programs. */
export function createDependencyCounts(registry: Registry): (asked: DependencyCall) => void {
  const requests = new Counter({
    name: 'kserve_authz_dependency_requests_total',
    help: 'Requests to other programs, by result.',
    labelNames: ['dependency', 'result'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'kserve_authz_dependency_duration_seconds',
    help: 'Duration of requests to other programs.',
    labelNames: ['dependency'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3],
    registers: [registry],
  })
  return ({ dependency, result, seconds }) => {
    requests.inc({ dependency, result })
    durations.observe({ dependency }, seconds)
  }
}

/** `ages`: milliseconds since the keys of each provider were fetched; `undefined`: never. */
export function measureKeys(
  registry: Registry,
  ages: () => ReadonlyMap<string, number | undefined>,
) {
  const gauge: Gauge<'provider'> = new Gauge({
    name: 'kserve_authz_jwks_age_seconds',
    help: 'Time since the keys of an identity provider were last fetched; +Inf if never.',
    labelNames: ['provider'],
    registers: [registry],
    collect: () => {
      for (const [provider, age = Number.POSITIVE_INFINITY] of ages())
        gauge.set({ provider }, age / 1e3)
    },
  })
}

export function measureCaches(registry: Registry, caches: () => readonly CacheCounts[]) {
  const requests: Counter<'cache' | 'result'> = new Counter({
    name: 'kserve_authz_cache_requests_total',
    help: 'Cache look-ups, by hit or miss.',
    labelNames: ['cache', 'result'],
    registers: [registry],
    collect: () => {
      requests.reset()
      for (const { cache, hits, misses } of caches()) {
        requests.inc({ cache, result: 'hit' }, hits)
        requests.inc({ cache, result: 'miss' }, misses)
      }
    },
  })
  const held: Gauge<'cache'> = new Gauge({
    name: 'kserve_authz_cache_entries',
    help: 'Entries in caches.',
    labelNames: ['cache'],
    registers: [registry],
    collect: () => {
      for (const { cache, entries } of caches()) held.set({ cache }, entries)
    },
  })
}

/** Whether revocations take effect immediately. */
export function measureRevocation(registry: Registry, isInstant: () => boolean) {
  const instant: Gauge = new Gauge({
    name: 'kserve_authz_instant_revocation',
    help: 'Whether a revoked credential is refused immediately (1), or may be accepted until its cache entry expires (0).',
    registers: [registry],
    collect: () => instant.set(isInstant() ? 1 : 0),
  })
}

/** Counts shed work. */
export function createShedCounts(registry: Registry): (cause: string) => void {
  const sheds = new Counter({
    name: 'kserve_authz_shed_total',
    help: 'Work that was shed, by cause.',
    labelNames: ['cause'],
    registers: [registry],
  })
  return (cause) => sheds.inc({ cause })
}
