import type { Written } from '../cluster/client.ts'

/** A service, or several related ones, and the result of KServe. */
export type Row = {
  readonly title: string
  readonly objects: readonly Written[]
  /** Whether all or some of its routes deny everything before its status has its address. */
  readonly byStatusAlone?: boolean
  /** Whether KServe gives it no address at all. */
  readonly unrouted?: boolean
}

export const GATEWAY = { name: 'kserve-ingress-gateway', namespace: 'kserve' } as const
/** With its annotation its LLMInferenceServices have no routes by header. */
export const PATHS_ONLY = { name: 'paths-only', namespace: 'kserve' } as const

export const metadata = (namespace: string, name: string, more: object = {}) => ({
  namespace,
  name,
  ...more,
})
