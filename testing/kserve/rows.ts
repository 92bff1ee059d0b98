import type { Written } from '../cluster/client.ts'

/** A service, or several that belong together, and what KServe makes of them. */
export type Row = {
  readonly title: string
  readonly objects: readonly Written[]
  /** Whether all or some of its routes let nothing pass before its status says where it answers. */
  readonly byStatusAlone?: boolean
  /** Whether KServe gives it no address at all. */
  readonly unrouted?: boolean
}

export const GATEWAY = { name: 'kserve-ingress-gateway', namespace: 'kserve' } as const
/** By its annotation the LLMInferenceServices at it have no routes by header. */
export const PATHS_ONLY = { name: 'paths-only', namespace: 'kserve' } as const

export const metadata = (namespace: string, name: string, more: object = {}) => ({
  namespace,
  name,
  ...more,
})
