// Reads the parts of LLM specs that routes depend on.

import { isRecord } from '../common/json.ts'
import { type Fields, listAt, textAt, valueAt } from './object.ts'

/** The parts of an LLMInferenceService, or of its LLMInferenceServiceConfigs, that routes depend on. */
export type LlmConfig = {
  /** `spec.model.name`; `undefined`: not set. */
  readonly model: string | undefined
  /** The names of `spec.model.lora.adapters`. */
  readonly adapters: readonly string[]
  /** `spec.router.route.http`; `undefined`: KServe creates the route. */
  readonly route: Fields | undefined
  /** `spec.router.gateway.refs`, of all layers. */
  readonly gatewayRefs: readonly unknown[]
  /** `spec.router.route.http`, of all layers: each may name gateways. */
  readonly routes: readonly Fields[]
  /** `spec.router.route.group`. */
  readonly group: string | undefined
}

/** Further gateways of one service are ignored. With more HTTPRoutes, its routes count as not known. */
export const MAX_REFS = 64

/** Further LLMInferenceServiceConfigs of one service are ignored. */
export const MAX_BASES = 32

/** Further adapters of one service are ignored. */
export const MAX_ADAPTERS = 256

/** Reads the parts of a spec that routes depend on. */
export function readLlmConfig(content: Fields): LlmConfig {
  const http = valueAt(content, 'spec', 'router', 'route', 'http')
  const route = isRecord(http) && Object.keys(http).length > 0 ? http : undefined
  return {
    model: textAt(content, 'spec', 'model', 'name') || undefined,
    adapters: listAt(content, 'spec', 'model', 'lora', 'adapters')
      .slice(0, MAX_ADAPTERS)
      .flatMap((adapter) => textAt(adapter, 'name') || []),
    route,
    gatewayRefs: listAt(content, 'spec', 'router', 'gateway', 'refs').slice(0, MAX_REFS),
    routes: route === undefined ? [] : [route],
    group: textAt(content, 'spec', 'router', 'route', 'group') || undefined,
  }
}

/** Stands for an unreadable route: it matches every path, so at gateways it can only deny. */
const UNREADABLE_ROUTE: Fields = { spec: { rules: [{}] } }

/** A copy to keep, which shares nothing with the object. A route may be nested too deeply to copy. */
export function keptLlmConfig(content: Fields): LlmConfig {
  const config = readLlmConfig(content)
  try {
    return structuredClone(config)
  } catch {
    return { ...config, route: UNREADABLE_ROUTE, gatewayRefs: [undefined], routes: [] }
  }
}
