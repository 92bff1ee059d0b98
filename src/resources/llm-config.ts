import { isRecord } from '../common/json.ts'
import { type Fields, listAt, textAt, valueAt } from './object.ts'

/** What an LLMInferenceService and the LLMInferenceServiceConfigs that it names say of its routes. */
export type LlmConfig = {
  /** `spec.model.name`; `undefined`: it does not say. */
  readonly model: string | undefined
  /** The names of `spec.model.lora.adapters`. */
  readonly adapters: readonly string[]
  /** `spec.router.route.http`; `undefined`: KServe makes the route. */
  readonly route: Fields | undefined
  /** `spec.router.gateway.refs`, of all layers. */
  readonly gatewayRefs: readonly unknown[]
  /** `spec.router.route.http`, of all layers: each may name gateways. */
  readonly routes: readonly Fields[]
}

/** More gateways of one service are not looked at. */
export const MAX_REFS = 64

/** More LLMInferenceServiceConfigs of one service are not looked at. */
export const MAX_BASES = 32

/** More adapters of one service are not read. */
export const MAX_ADAPTERS = 256

/** Reads the part of an LLMInferenceService's or LLMInferenceServiceConfig's spec that routes depend on. */
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
  }
}

/** A route that cannot be read: it takes every path, so at gateways it can only refuse. */
const UNREADABLE_ROUTE: Fields = { spec: { rules: [{}] } }

/** The same, to be kept: it shares nothing with the object. A route may be nested too deep for a copy. */
export function keptLlmConfig(content: Fields): LlmConfig {
  const config = readLlmConfig(content)
  try {
    return structuredClone(config)
  } catch {
    return { ...config, route: UNREADABLE_ROUTE, gatewayRefs: [undefined], routes: [] }
  }
}
