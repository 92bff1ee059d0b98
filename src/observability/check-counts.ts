import { setImmediate } from 'node:timers/promises'
import type { CredentialKind } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Directory } from '../access/directory.ts'
import { SERVICE_KINDS } from '../access/service.ts'

/** One decision, as far as it is counted. */
export type CountedCheck = {
  /** The service that was asked for; absent where none was found. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  /** `unknown`: of what is only tried, where finding out would cost too much. */
  readonly outcome: 'allow' | 'deny' | 'unknown'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly method: CredentialKind | 'none'
}

/** A counter in the text format of Prometheus. */
type Metric = { readonly name: string; readonly help: string }

/** Series rendered before requests get their turn: about two milliseconds. */
const SLICE = 2_000

/** Services that are counted before those that have gone are looked for outside of a scrape. */
const FIRST_LOOK = 1_024

type Counts = {
  readonly namespace: string
  readonly name: string
  /** The labels of the service as text, with a comma at the end if there are any. */
  readonly service: string
  readonly series: Map<string, { readonly labels: string; value: number }>
}

/**
 * Counts checks by service, so that a service takes its series along. Not a Counter of prom-client: that
 * renders 20,000 series in one piece, while every request waits for 50 to 130 ms.
 */
export function createCheckCounts(
  { name: metric, help }: Metric,
  perService: boolean,
  { servicesNamed }: Pick<Directory, 'servicesNamed'>,
) {
  const byService = new Map<string, Counts>()
  let nextLook = FIRST_LOOK

  const isKnown = (namespace: string, name: string) =>
    SERVICE_KINDS.some((kind) => servicesNamed({ kind, namespace, name }).length > 0)

  /** The series of a service go with it. */
  const dropGone = () => {
    for (const [service, { namespace, name }] of byService) {
      if (service !== NOBODY && !isKnown(namespace, name)) byService.delete(service)
    }
    nextLook = Math.max(FIRST_LOOK, 2 * byService.size)
  }

  const countsOf = (namespace: string, name: string): Counts => {
    const service = idOf(namespace, name)
    const known = byService.get(service)
    if (known !== undefined) return known
    // A check that ends after its service has gone must not bring the series back.
    if (service !== NOBODY && !isKnown(namespace, name)) return countsOf('', '')
    if (byService.size >= nextLook) dropGone()
    const counts: Counts = {
      namespace,
      name,
      service: perService ? `${labelsText({ namespace, name })},` : '',
      series: new Map(),
    }
    byService.set(service, counts)
    return counts
  }

  const count = ({ namespace = '', name = '', outcome, reason, method }: CountedCheck) => {
    const { service, series } = perService ? countsOf(namespace, name) : countsOf('', '')
    const key = `${outcome} ${reason} ${method}`
    const counted = series.get(key)
    if (counted !== undefined) {
      counted.value += 1
      return
    }
    const labels = service + labelsText({ decision: outcome, reason, method })
    series.set(key, { labels, value: 1 })
  }

  const text = async () => {
    dropGone()
    const lines = [`# HELP ${metric} ${help}\n# TYPE ${metric} counter\n`]
    for (const { series } of byService.values()) {
      for (const { labels, value } of series.values()) {
        lines.push(`${metric}{${labels}} ${value}\n`)
        if (lines.length % SLICE === 0) await setImmediate()
      }
    }
    return lines.join('')
  }
  return { count, text }
}

const idOf = (namespace: string, name: string) => `${namespace}/${name}`
const NOBODY = idOf('', '')

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')
