import { setImmediate } from 'node:timers/promises'
import type { CredentialKind } from '../access/caller.ts'
import type { DenyReason } from '../access/decision.ts'
import type { Directory } from '../access/directory.ts'
import { SERVICE_KINDS, type ServiceRef } from '../access/service.ts'

/** One decision, as far as it is counted. */
export type ObservedCheck = {
  /** The service that was asked for; absent where none was found. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly outcome: 'allow' | 'deny'
  /** Empty on allow. */
  readonly reason: DenyReason | ''
  readonly method: CredentialKind | 'none'
  readonly seconds: number
}

const CHECKS_HEADER = `# HELP kserve_authz_checks_total Checks answered. The reason is empty on allow; the method is the kind of credential.
# TYPE kserve_authz_checks_total counter
`

/** Series rendered before requests get their turn: about two milliseconds. */
const SLICE = 2_000

type Counts = {
  /** The labels of the service as text, with a comma at the end if there are any. */
  readonly service: string
  readonly series: Map<string, { readonly labels: string; value: number }>
}

/**
 * Counts checks by service, so that a service takes its series along. Not a Counter of prom-client: that
 * renders 20,000 series in one piece, while every request waits for 50 to 130 ms.
 */
export function createCheckCounts(
  perService: boolean,
  { servicesNamed }: Pick<Directory, 'servicesNamed'>,
) {
  const byService = new Map<string, Counts>()

  const isKnown = (namespace: string, name: string) =>
    SERVICE_KINDS.some((kind) => servicesNamed({ kind, namespace, name }).length > 0)

  const countsOf = (namespace: string, name: string): Counts => {
    const service = idOf(namespace, name)
    const known = byService.get(service)
    if (known !== undefined) return known
    // A check that ends after its service has gone must not bring the series back.
    if (service !== NOBODY && !isKnown(namespace, name)) return countsOf('', '')
    const counts: Counts = {
      service: perService ? `${labelsText({ namespace, name })},` : '',
      series: new Map(),
    }
    byService.set(service, counts)
    return counts
  }

  const count = ({ namespace = '', name = '', outcome, reason, method }: ObservedCheck) => {
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
    const lines = [CHECKS_HEADER]
    for (const { series } of byService.values()) {
      for (const { labels, value } of series.values()) {
        lines.push(`kserve_authz_checks_total{${labels}} ${value}\n`)
        if (lines.length % SLICE === 0) await setImmediate()
      }
    }
    return lines.join('')
  }
  const forget = ({ namespace, name }: ServiceRef) => void byService.delete(idOf(namespace, name))

  return { count, text, forget }
}

const idOf = (namespace: string, name: string) => `${namespace}/${name}`
const NOBODY = idOf('', '')

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')
