// Metrics of known objects, watches and stale facts.

import { Counter, Gauge, type Registry } from 'prom-client'
import type { Directory } from '../access/directory.ts'
import { FACTS, LIMITS_OF, type StaleFact } from '../access/freshness.ts'
import { PROTECTION_STATES, type ProtectionState } from '../access/protection-status.ts'
import { type Protection, SERVICE_KINDS } from '../access/service.ts'

/** A resource may have several entries, by namespace or label. */
export type MeasuredResource = {
  /** Whether it may not be read, and is optional. */
  readonly withheld?: boolean
  readonly resource: string
  readonly synced: boolean
  readonly restarts: number
  /** When its data was last confirmed, as `performance.now()`. */
  readonly heardAt?: number | undefined
}

/** The numbers of known services and keys. */
export function measureDirectory(
  registry: Registry,
  { services, keys }: Pick<Directory, 'services' | 'keys'>,
) {
  const protections = ['open', 'protected', 'lost', 'unguarded'] as const
  const known: Gauge<'kind' | 'protection'> = new Gauge({
    name: 'kserve_authz_services',
    help: 'Known services, by kind and protection.',
    labelNames: ['kind', 'protection'],
    registers: [registry],
    collect: () => {
      // Counted first: setting a gauge per service would take milliseconds.
      const counts: Record<Protection | 'unguarded', number> = {
        open: 0,
        protected: 0,
        lost: 0,
        unguarded: 0,
      }
      const ofKind = new Map(SERVICE_KINDS.map((kind) => [kind, { ...counts }]))
      for (const { kind, protection, unguarded } of services.values()) {
        const counted = ofKind.get(kind)
        const hidden = unguarded === true && protection === 'protected'
        if (counted !== undefined) counted[hidden ? 'unguarded' : protection] += 1
      }
      for (const [kind, counted] of ofKind) {
        for (const protection of protections) known.set({ kind, protection }, counted[protection])
      }
    },
  })
  const held: Gauge = new Gauge({
    name: 'kserve_authz_api_keys',
    help: 'Known API keys.',
    registers: [registry],
    collect: () => held.set(keys.size()),
  })
}

const BEFORE = [...PROTECTION_STATES, 'new'] as const

/** Counts changes of the protection of services. A service without a protection before is new. */
export function createProtectionCounts(registry: Registry) {
  const changes = new Counter({
    name: 'kserve_authz_protection_changes_total',
    help: 'Services whose protection has changed, or that are new, by their protection now and before.',
    labelNames: ['protection', 'before'],
    registers: [registry],
  })
  for (const protection of PROTECTION_STATES)
    for (const before of BEFORE) if (before !== protection) changes.inc({ protection, before }, 0)
  return (protection: ProtectionState, before: ProtectionState | undefined) =>
    changes.inc({ protection, before: before ?? 'new' })
}

/** Whether resources are read, and how old their data is. */
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
  const forbidden = new Gauge({
    name: 'kserve_authz_watch_forbidden',
    help: 'Whether optional objects of a resource may not be read (1) or all of them may (0).',
    labelNames: ['resource'],
    registers: [registry],
    collect: () => {
      for (const { resource } of resources()) forbidden.set({ resource }, 0)
      for (const { resource, withheld } of resources())
        if (withheld === true) forbidden.set({ resource }, 1)
    },
  })
  const age = new Gauge({
    name: 'kserve_authz_watch_age_seconds',
    help: 'Time since the data about a resource was last confirmed. The API server confirms an idle watch every minute.',
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
    help: 'How often reading a resource failed and was restarted.',
    labelNames: ['resource'],
    registers: [registry],
    collect: () => {
      restarts.reset()
      for (const { resource, restarts: count } of resources()) restarts.inc({ resource }, count)
    },
  })
}

/** The facts that are too old to admit callers. */
export function measureStaleness(registry: Registry, stale: () => readonly StaleFact[]) {
  const age: Gauge<'fact' | 'bound'> = new Gauge({
    name: 'kserve_authz_facts_stale',
    help: 'Whether a fact is older than its bound (1) or not (0). It then no longer admits callers.',
    labelNames: ['fact', 'bound'],
    registers: [registry],
    collect: () => {
      for (const fact of FACTS) for (const bound of LIMITS_OF[fact]) age.set({ fact, bound }, 0)
      for (const { fact, bound } of stale()) age.set({ fact, bound }, 1)
    },
  })
}

/** `unguarded`: by reason, each of them. `unknown`: it cannot be told. */
export type MeasuredUnguarded = {
  readonly unguarded: ReadonlyMap<string, number>
  readonly unknown: number
}

/** Protected services that no proxy asks about. */
export function measureUnguarded(registry: Registry, counts: () => MeasuredUnguarded) {
  const unguarded: Gauge<'reason'> = new Gauge({
    name: 'kserve_authz_unguarded_services',
    help: 'Protected services with requests that no proxy asks about, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect: () => {
      for (const [reason, count] of counts().unguarded) unguarded.set({ reason }, count)
    },
  })
  const unknown: Gauge = new Gauge({
    name: 'kserve_authz_guard_unknown_services',
    help: 'Protected services for which it is not known whether a proxy asks about each request.',
    registers: [registry],
    collect: () => unknown.set(counts().unknown),
  })
}
