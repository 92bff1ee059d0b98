import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Directory } from '../access/directory.ts'
import { type Protection, SERVICE_KINDS } from '../access/service.ts'
import { type CountedCheck, createCheckCounts } from './check-counts.ts'
import {
  type CacheCounts,
  createDependencyCounts,
  createShedCounts,
  measureCaches,
  measureKeys,
  measureRevocation,
} from './dependencies.ts'

export type ObservedCheck = CountedCheck & {
  readonly outcome: 'allow' | 'deny'
  readonly seconds: number
}

type Options = {
  /** Whether checks are counted for each service. */
  readonly perService: boolean
  readonly version: string
  readonly directory: Pick<Directory, 'services' | 'servicesNamed' | 'keys'>
  /** What services, pods and keys are read from; a folder in place of a cluster is the resource `manifests`. */
  readonly resources: () => readonly MeasuredResource[]
  /** Milliseconds since the keys of each identity provider were fetched; `undefined`: never. */
  readonly keyAges?: () => ReadonlyMap<string, number | undefined>
  readonly caches?: () => readonly CacheCounts[]
  /** Whether what is revoked counts no more at once. */
  readonly revokesInstantly?: () => boolean
}

/** One resource may be read in several parts, by namespace or by label. */
type MeasuredResource = {
  readonly resource: string
  readonly synced: boolean
  readonly restarts: number
  /** When something was last heard of it, as `performance.now()`. */
  readonly heardAt?: number | undefined
}

/** Where a bug showed itself. */
export const ORIGINS = ['check', 'shadow', 'background'] as const
export type Origin = (typeof ORIGINS)[number]

export type Metrics = ReturnType<typeof createMetrics>

/** Counts what happens, for Prometheus. No label has a value that a client chooses. */
export function createMetrics(options: Options) {
  const { perService, version, directory, resources, keyAges, caches } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  measureDirectory(registry, directory)
  measureResources(registry, resources)
  measureEventLoop(registry)
  if (keyAges !== undefined) measureKeys(registry, keyAges)
  if (caches !== undefined) measureCaches(registry, caches)
  if (options.revokesInstantly !== undefined) measureRevocation(registry, options.revokesInstantly)
  const checks = createCheckCounts(CHECKS, perService, directory)
  const trials = createCheckCounts(TRIALS, perService, directory)
  const { durations, dropped, errors, build } = createInstruments(registry)
  // A counter that began with its first error would show no increase.
  for (const origin of ORIGINS) errors.inc({ origin }, 0)
  build.set({ version, node_version: process.version }, 1)

  return {
    observe: (check: ObservedCheck) => {
      checks.count(check)
      durations.observe({ decision: check.outcome }, check.seconds)
    },
    /** Another program was asked something. */
    observeDependency: createDependencyCounts(registry),
    /** Something was refused because it would have been too much. */
    observeShed: createShedCounts(registry),
    /** Counts what the answer would have been if all that is only tried were enforced. */
    observeTrial: trials.count,
    decisionLogDropped: () => dropped.inc(),
    internalError: (origin: Origin) => errors.inc({ origin }),
    /** All metrics in the text format of Prometheus. */
    text: async () => [await registry.metrics(), await checks.text(), await trials.text()].join(''),
    contentType: registry.contentType,
  }
}

const CHECKS = {
  name: 'kserve_authz_checks_total',
  help: 'Checks answered. The reason is empty on allow; the method is the kind of credential.',
}
const TRIALS = {
  name: 'kserve_authz_shadow_checks_total',
  help: 'Checks as they would be answered if policies and services in Shadow mode were enforced.',
}

const createInstruments = (registry: Registry) => ({
  durations: new Histogram({
    name: 'kserve_authz_check_duration_seconds',
    help: 'Time from the arrival of a check to its answer.',
    labelNames: ['decision'],
    // Among them our own deadline, 0.4, and the timeout that Istio is told, 0.5.
    buckets: [
      0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
      0.4, 0.5, 1,
    ],
    registers: [registry],
  }),
  dropped: new Counter({
    name: 'kserve_authz_decision_log_dropped_total',
    help: 'Lines of the decision log that were lost because their reader is too slow.',
    registers: [registry],
  }),
  errors: new Counter({
    name: 'kserve_authz_internal_errors_total',
    help: 'Bugs that showed themselves: in a check, which was denied, in a trial after it, or in the background.',
    labelNames: ['origin'],
    registers: [registry],
  }),
  build: new Gauge({
    name: 'kserve_authz_build_info',
    help: 'The version of this program and of Node, with the value 1.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }),
})

function measureDirectory(registry: Registry, { services, keys }: Options['directory']) {
  const protections = ['open', 'protected', 'lost'] as const satisfies readonly Protection[]
  const known: Gauge<'kind' | 'protection'> = new Gauge({
    name: 'kserve_authz_services',
    help: 'Services known, by kind and by who may call them.',
    labelNames: ['kind', 'protection'],
    registers: [registry],
    collect: () => {
      for (const kind of SERVICE_KINDS) {
        for (const protection of protections) known.set({ kind, protection }, 0)
      }
      for (const { kind, protection } of services.values()) known.inc({ kind, protection })
    },
  })
  const held: Gauge = new Gauge({
    name: 'kserve_authz_api_keys',
    help: 'API keys known.',
    registers: [registry],
    collect: () => held.set(keys.size()),
  })
}

function measureResources(registry: Registry, resources: Options['resources']) {
  const synced = new Gauge({
    name: 'kserve_authz_watch_synced',
    help: 'Whether all objects of a resource are known (1) or not (0).',
    labelNames: ['resource'],
    registers: [registry],
    collect: () => {
      for (const { resource } of resources()) synced.set({ resource }, 1)
      for (const { resource, synced: known } of resources()) if (!known) synced.set({ resource }, 0)
    },
  })
  const age = new Gauge({
    name: 'kserve_authz_watch_age_seconds',
    help: 'Since the API server last said something of a resource; where nothing changes it says so each minute.',
    labelNames: ['resource'],
    registers: [registry],
    collect: () => {
      const heard = new Map<string, number>()
      for (const { resource, heardAt } of resources()) {
        if (heardAt === undefined) continue
        heard.set(resource, Math.min(heardAt, heard.get(resource) ?? heardAt))
      }
      for (const [resource, at] of heard) {
        age.set({ resource }, (performance.now() - at) / 1_000)
      }
    },
  })
  const restarts = new Counter({
    name: 'kserve_authz_watch_restarts_total',
    help: 'How often reading a resource failed and began anew.',
    labelNames: ['resource'],
    registers: [registry],
    collect: () => {
      restarts.reset()
      for (const { resource, restarts: count } of resources()) restarts.inc({ resource }, count)
    },
  })
}

/** Milliseconds between two looks at the event loop. */
const LOOK_MS = 10

function measureEventLoop(registry: Registry) {
  const looks = monitorEventLoopDelay({ resolution: LOOK_MS })
  looks.enable()
  // Node records the time between two looks, not by how much the second came late.
  const late = (nanoseconds: number) =>
    looks.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - LOOK_MS / 1e3)
  const delay: Gauge<'quantile'> = new Gauge({
    name: 'kserve_authz_event_loop_delay_seconds',
    help: 'By how much the event loop came late since the last scrape.',
    labelNames: ['quantile'],
    registers: [registry],
    collect: () => {
      delay.set({ quantile: '0.5' }, late(looks.percentile(50)))
      delay.set({ quantile: '0.99' }, late(looks.percentile(99)))
      delay.set({ quantile: 'max' }, late(looks.max))
      looks.reset()
    },
  })
}
