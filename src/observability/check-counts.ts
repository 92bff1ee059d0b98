// The counters of checks per service, rendered in slices.

import { setImmediate } from 'node:timers/promises'
import type { CredentialKind } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Directory } from '../access/directory.ts'
import { SERVICE_KINDS } from '../access/service.ts'

/** The labels of one decision. */
export type CountedCheck = {
  /** The called service; absent: none was found. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  /** `unknown`: a shadow evaluation that would have exceeded its limits. */
  readonly outcome: 'allow' | 'deny' | 'unknown'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly credentialKind: CredentialKind | 'none'
}

/** A metric in the text format of Prometheus. */
export type Metric = { readonly name: string; readonly help: string }

/** Series rendered between two turns of the event loop: about two milliseconds. */
const SLICE = 2_000

/** The number of services from which removed ones are also dropped outside of a scrape. */
const FIRST_LOOK = 1_024

type Counts = {
  /** The service's labels as text, with a trailing comma if there are any. */
  readonly service: string
  /** By outcome, reason and kind of credential: nested maps avoid building a key per check. */
  readonly series: Map<string, Map<string, Map<string, Series>>>
}

type Series = { readonly labels: string; value: number }

/**
 * Counts checks by service; a removed service takes its series along. Not a prom-client Counter: that one
 * renders 20,000 series without interruption, which delays every request by 50 to 130 ms.
 */
export function createCheckCounts(
  { name: metric, help }: Metric,
  perService: boolean,
  { servicesNamed }: Pick<Directory, 'servicesNamed'>,
) {
  const nobodys: Counts = {
    service: perService ? `${labelsText({ namespace: '', name: '' })},` : '',
    series: new Map(),
  }
  /** By namespace and name. */
  const known = new Map<string, Map<string, Counts>>()
  let size = 0
  let nextLook = FIRST_LOOK

  const exists = (namespace: string, name: string) =>
    SERVICE_KINDS.some((kind) => servicesNamed({ kind, namespace, name }).length > 0)

  /** Drops the series of removed services. */
  const dropGone = () => {
    size = 0
    for (const [namespace, byName] of known) {
      for (const name of byName.keys()) if (!exists(namespace, name)) byName.delete(name)
      if (byName.size === 0) known.delete(namespace)
      size += byName.size
    }
    nextLook = Math.max(FIRST_LOOK, 2 * size)
  }

  const add = (namespace: string, name: string): Counts => {
    if (size >= nextLook) dropGone()
    const counts: Counts = {
      service: `${labelsText({ namespace, name })},`,
      series: new Map(),
    }
    within(known, namespace).set(name, counts)
    size += 1
    return counts
  }

  const countsOf = (namespace: string | undefined, name: string | undefined): Counts => {
    if (!perService || namespace === undefined || name === undefined) return nobodys
    const counts = known.get(namespace)?.get(name)
    if (counts !== undefined) return counts
    // A check that ends after its service was removed must not restore its series.
    return exists(namespace, name) ? add(namespace, name) : nobodys
  }

  const count = ({ namespace, name, outcome, reason, credentialKind }: CountedCheck) => {
    const { service, series } = countsOf(namespace, name)
    const counted = series.get(outcome)?.get(reason)?.get(credentialKind)
    if (counted !== undefined) {
      counted.value += 1
      return
    }
    const labels =
      service + labelsText({ decision: outcome, reason, credential_kind: credentialKind })
    within(within(series, outcome), reason).set(credentialKind, { labels, value: 1 })
  }

  function* all(): Iterable<Series> {
    const services = [nobodys, ...[...known.values()].flatMap((byName) => [...byName.values()])]
    for (const { series } of services)
      for (const byReason of series.values())
        for (const byKind of byReason.values()) yield* byKind.values()
  }

  const text = async () => {
    dropGone()
    const lines = [`# HELP ${metric} ${help}\n# TYPE ${metric} counter\n`]
    for (const { labels, value } of all()) {
      lines.push(`${metric}{${labels}} ${value}\n`)
      if (lines.length % SLICE === 0) await setImmediate()
    }
    return lines.join('')
  }
  return { count, text }
}

/** The map under a name, created if missing. */
function within<Value>(maps: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  const found = maps.get(name) ?? new Map<string, Value>()
  maps.set(name, found)
  return found
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')
