import { KSERVE_VERSIONS, type KserveVersion } from '../../scripts/go/kserve-parts.ts'
import type { Written } from '../cluster/client.ts'

/** A service, or several related ones, and the result of KServe. */
export type Row = {
  readonly title: string
  readonly objects: readonly Written[]
  /** Whether all or some of its routes deny everything before its status has its address. */
  readonly byStatusAlone?: boolean
  /** Whether its own route takes every path of any host: then it can only refuse. */
  readonly takesEveryPath?: boolean
  /** Whether KServe gives it no address at all. */
  readonly unrouted?: boolean
  /** The first version of KServe that knows such services; absent: all in the tests. */
  readonly since?: KserveVersion
}

/** The rows of a version of KServe. */
export const rowsIn = (version: KserveVersion, rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ since = version }) => ageOf(version) <= ageOf(since))

const ageOf = (version: KserveVersion): number => KSERVE_VERSIONS.indexOf(version)

export const GATEWAY = { name: 'kserve-ingress-gateway', namespace: 'kserve' } as const
/** With its annotation its LLMInferenceServices have no routes by header. */
export const PATHS_ONLY = { name: 'paths-only', namespace: 'kserve' } as const

export const metadata = (namespace: string, name: string, more: object = {}) => ({
  namespace,
  name,
  ...more,
})
