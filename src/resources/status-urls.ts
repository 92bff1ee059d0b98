// Collects the URLs of a status.

import { isRecord } from '../common/json.ts'
import { type Fields, listAt, textAt, valueAt } from './object.ts'

/** A URL of a status, and its field. */
export type StatusUrl = {
  readonly field: string
  readonly url: unknown
  /** The name of an entry of `status.addresses`. */
  readonly name?: string | undefined
}

/** Further URLs of one status are ignored. */
export const MAX_URLS = 256

/** The distinct URLs of a status, without absent and empty ones. */
export function statusUrls({ status }: Fields): readonly StatusUrl[] {
  const found = new Map<unknown, StatusUrl>()
  for (const each of urlsIn(status)) {
    const { url, name = '' } = each
    if (url === undefined || url === null || url === '') continue
    found.set(typeof url === 'string' ? `${name} ${url}` : each, each)
    if (found.size > MAX_URLS) break
  }
  return [...found.values()]
}

function* urlsIn(status: unknown): Generator<StatusUrl> {
  const at = (base: string, value: unknown, ...path: readonly string[]): StatusUrl => ({
    field: [base, ...path].join('.'),
    url: valueAt(value, ...path),
  })
  yield at('status', status, 'url')
  yield at('status', status, 'address', 'url')
  for (const [index, entry] of listAt(status, 'addresses')
    .slice(0, MAX_URLS + 1)
    .entries()) {
    yield { ...at(`status.addresses[${index}]`, entry, 'url'), name: textAt(entry, 'name') }
  }
  const components = valueAt(status, 'components')
  if (!isRecord(components)) return
  for (const [name, component] of Object.entries(components).slice(0, MAX_COMPONENTS)) {
    const base = COMPONENT_NAMES.has(name) ? `status.components.${name}` : 'status.components.*'
    yield at(base, component, 'url')
    yield at(base, component, 'restUrl')
    yield at(base, component, 'grpcUrl')
    yield at(base, component, 'address', 'url')
    for (const [index, entry] of listAt(component, 'traffic')
      .slice(0, MAX_URLS + 1)
      .entries()) {
      yield at(`${base}.traffic[${index}]`, entry, 'url')
    }
  }
}

const COMPONENT_NAMES: ReadonlySet<string> = new Set(['predictor', 'transformer', 'explainer'])
export const MAX_COMPONENTS = 16

/** The name of an address for routing by model header: KServe publishes it as the root of the gateway. */
export const isModelRouting = (name: string | undefined): boolean =>
  name?.endsWith('-model-routing') ?? false
