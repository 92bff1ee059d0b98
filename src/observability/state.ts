import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Directory } from '../access/directory.ts'
import { BOUNDS_OF, FACTS, type Stale } from '../access/freshness.ts'
import { type Protection, SERVICE_KINDS } from '../access/service.ts'

/** One resource may be read in several parts, by namespace or by label. */
export type MeasuredResource = {
  readonly resource: string
  readonly synced: boolean
  readonly restarts: number
  /** When what is known of it was last confirmed, as `performance.now()`. */
  readonly heardAt?: number | undefined
}

/** What is known. */
export function measureDirectory(
  registry: Registry,
  { services, keys }: Pick<Directory, 'services' | 'keys'>,
) {
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

/** How well what is known follows its source. */
export function measureResources(registry: Registry, resources: () => readonly MeasuredResource[]) {
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
    help: 'Since what is known of a resource was last confirmed; where nothing changes the API server does so each minute.',
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

/** Which facts are too old to let callers in by them. */
export function measureStaleness(registry: Registry, stale: () => readonly Stale[]) {
  const age: Gauge<'fact' | 'bound'> = new Gauge({
    name: 'kserve_authz_facts_stale',
    help: 'Whether a fact is older than its bound (1) or not (0): callers are refused who would be let in by it.',
    labelNames: ['fact', 'bound'],
    registers: [registry],
    collect: () => {
      for (const fact of FACTS) for (const bound of BOUNDS_OF[fact]) age.set({ fact, bound }, 0)
      for (const { fact, bound } of stale()) age.set({ fact, bound }, 1)
    },
  })
}

/** Milliseconds between two looks at the event loop. */
const LOOK_MS = 10

/** Whether requests get their turn. */
export function measureEventLoop(registry: Registry) {
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
