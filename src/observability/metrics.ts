// All metrics of the program.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Directory } from '../access/directory.ts'
import type { StaleFact } from '../access/freshness.ts'
import type { TokenRefusal } from '../access/token-refusal.ts'
import type { CacheCounts } from '../common/measurements.ts'
import { type CountedCheck, createCheckCounts } from './check-counts.ts'
import { createCheckDurations } from './check-durations.ts'
import {
  createDependencyCounts,
  createShedCounts,
  measureCaches,
  measureKeys,
  measureRevocation,
} from './dependency-metrics.ts'
import { measureEventLoop } from './event-loop.ts'
import { measureMemoryLimits } from './memory-limits.ts'
import {
  createProtectionCounts,
  type MeasuredResource,
  type MeasuredUnguarded,
  measureDirectory,
  measureResources,
  measureStaleness,
  measureUnguarded,
} from './state-metrics.ts'
import { createTokenCounts } from './token-counts.ts'

export type ObservedCheck = CountedCheck & {
  readonly outcome: 'allow' | 'deny'
  readonly seconds: number
  /** The check that a token failed, if that is why it was denied. */
  readonly refusal?: TokenRefusal | undefined
}

type Options = {
  /** Whether checks are counted per service. */
  readonly perService: boolean
  readonly version: string
  readonly directory: Pick<Directory, 'services' | 'servicesNamed' | 'keys'>
  /** The resources that are read; a folder is the resource `manifests`. */
  readonly resources: () => readonly MeasuredResource[]
  /** Milliseconds since the keys of each identity provider were fetched; `undefined`: never. */
  readonly keyAges?: () => ReadonlyMap<string, number | undefined>
  readonly caches?: () => readonly CacheCounts[]
  /** Facts that are too old to admit callers. */
  readonly stale?: () => readonly StaleFact[]
  /** Whether revocations take effect immediately. */
  readonly revokesInstantly?: () => boolean
  /** The numbers of protected services that no proxy asks about. */
  readonly unguarded?: () => MeasuredUnguarded
  /** The names of identity providers that are reached over plain http. */
  readonly insecureProviders?: readonly string[]
}

/** Where an internal error happened. */
export const ORIGINS = ['check', 'shadow', 'background'] as const
export type Origin = (typeof ORIGINS)[number]

export type Metrics = ReturnType<typeof createMetrics>

/** Metrics for Prometheus. No label has a value that a client chooses. */
export function createMetrics(options: Options) {
  const { perService, version, directory, resources, keyAges, caches } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of RESET_BY_READERS) registry.removeSingleMetric(name)
  measureDirectory(registry, directory)
  measureResources(registry, resources)
  measureEventLoop(registry)
  measureMemoryLimits(registry)
  if (keyAges !== undefined) measureKeys(registry, keyAges)
  if (caches !== undefined) measureCaches(registry, caches)
  if (options.stale !== undefined) measureStaleness(registry, options.stale)
  if (options.unguarded !== undefined) measureUnguarded(registry, options.unguarded)
  if (options.revokesInstantly !== undefined) measureRevocation(registry, options.revokesInstantly)
  const checks = createCheckCounts(CHECKS, perService, directory)
  const shadowChecks = createCheckCounts(SHADOW_CHECKS, perService, directory)
  const tokens = createTokenCounts(registry, options.insecureProviders ?? [])
  const durations = createCheckDurations(DURATIONS, DURATION_BOUNDS)
  const { dropped, errors, build } = createInstruments(registry)
  // A counter that starts with its first error would show no increase.
  for (const origin of ORIGINS) errors.inc({ origin }, 0)
  build.set({ version, node_version: process.version }, 1)

  return {
    ...tokens,
    observe: (check: ObservedCheck) => {
      checks.count(check)
      if (check.refusal !== undefined) tokens.observeTokenRefusal(check.refusal)
      durations.observe(check.outcome, check.seconds)
    },
    /** A request to another program ended. */
    observeDependency: createDependencyCounts(registry),
    /** Work was shed. */
    observeShed: createShedCounts(registry),
    observeProtection: createProtectionCounts(registry),
    /** Counts the shadow verdict of a check. */
    observeShadow: shadowChecks.count,
    decisionLogDropped: () => dropped.inc(),
    internalError: (origin: Origin) => errors.inc({ origin }),
    /** All metrics in the text format of Prometheus. */
    text: async () =>
      [
        await registry.metrics(),
        durations.text(),
        await checks.text(),
        await shadowChecks.text(),
      ].join(''),
    contentType: registry.contentType,
  }
}

/**
 * prom-client resets these with each scrape, so two scrapers would hide samples from each other.
 * `measureEventLoop` replaces them.
 */
const RESET_BY_READERS = [
  'lag',
  'lag_min',
  'lag_max',
  'lag_mean',
  'lag_stddev',
  'lag_p50',
  'lag_p90',
  'lag_p99',
].map((part) => `nodejs_eventloop_${part}_seconds`)

const CHECKS = {
  name: 'kserve_authz_checks_total',
  help: 'Checks answered. The reason is empty on allow.',
}
const SHADOW_CHECKS = {
  name: 'kserve_authz_shadow_checks_total',
  help: 'Checks as they would be answered if policies and services in Shadow mode were enforced.',
}

const DURATIONS = {
  name: 'kserve_authz_check_duration_seconds',
  help: 'Time from the arrival of a check to its answer.',
}
/** In seconds. They include this program's deadline, 0.4, and the timeout in Istio's configuration, 0.5. */
const DURATION_BOUNDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4,
  0.5, 1,
]

const createInstruments = (registry: Registry) => ({
  dropped: new Counter({
    name: 'kserve_authz_decision_log_dropped_total',
    help: 'Decision log lines that were lost: the reader is too slow or gone, or the disk is full.',
    registers: [registry],
  }),
  errors: new Counter({
    name: 'kserve_authz_internal_errors_total',
    help: 'Bugs: in a check, which was denied, in a shadow evaluation, or in the background.',
    labelNames: ['origin'],
    registers: [registry],
  }),
  build: new Gauge({
    name: 'kserve_authz_build_info',
    help: 'The versions of this program and of Node.js; the value is 1.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }),
})
