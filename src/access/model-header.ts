// Selects LLMInferenceServices by the model header.

import { pathOf } from '../common/path.ts'
import { type Asking, type Attached, isReachable } from './asking.ts'
import type { DenyReason } from './decision.ts'
import type { Directory } from './directory.ts'
import type { FoundTarget } from './found.ts'
import type { AccessRequest } from './request.ts'
import { hasNamedPaths, type Service } from './service.ts'

export const PUBLISHERS = '/publishers/'

export const isPublished = ({ target }: FoundTarget): boolean =>
  target.pathPrefix.startsWith(PUBLISHERS)

/** Whether the path is one that KServe gives each LLMInferenceService, not one of its own route. */
const isNamed = ({ target: { service, pathPrefix } }: FoundTarget): boolean =>
  hasNamedPaths(service) &&
  (pathPrefix.startsWith(PUBLISHERS) || pathPrefix === `/${service.namespace}/${service.name}`)

/**
 * The models named by headers. `undefined`: a header has several values, or one with a comma, which looks the
 * same. Envoy matches each line of a header, or all of them joined; this program cannot tell which.
 */
export function modelsNamed(
  { headers }: AccessRequest,
  directory: Directory,
): readonly string[] | undefined {
  const models: string[] = []
  for (const header of directory.modelHeaders.get()) {
    const value = headers.get(header)
    if (value === undefined) continue
    if (value.includes(',')) return undefined
    if (value !== '') models.push(value)
  }
  return models
}

type Refusal = { readonly reason: DenyReason; readonly why: string }

/** The header selects a model only if the path does not; if both do, they must agree. */
export function routedByModel(
  models: readonly string[],
  byPath: readonly FoundTarget[],
  directory: Directory,
  asking: Asking,
): Service[] | Refusal {
  const named = byPath.filter(isNamed)
  const byModel: Service[] = []
  for (const model of models) {
    const candidates = new Set(
      directory.servicesOfModel(model).filter((service) => isReachable(service, asking)),
    )
    if (named.some(({ target }) => !candidates.has(target.service))) {
      return { reason: 'conflicting-target', why: 'path and model header name different models' }
    }
    if (candidates.size === 0) {
      return {
        reason: 'unknown-target',
        why: 'the model header names no model known at this gateway',
      }
    }
    if (named.length === 0) for (const service of candidates) byModel.push(service)
  }
  return byModel
}

/** A service's routes by the model header of a request, at the gateways that certainly have them. */
export type ByModel = Attached & {
  /** Whether one of them matches exactly the request's path. */
  readonly exact: boolean
}

/** The route by model header that certainly matches a request; `undefined`: none. */
export function certainByModel(
  { attached, modelRoutes }: Pick<Service, 'attached' | 'modelRoutes'>,
  { headers, path }: Pick<AccessRequest, 'headers' | 'path'>,
  { modelHeaders }: Pick<Directory, 'modelHeaders'>,
): ByModel | undefined {
  // KServe's routes have one header. The default is read beside it, and may be ignored.
  const model = headers.get(modelHeaders.get().at(-1) ?? '')
  if (model === undefined || modelRoutes?.models.has(model) !== true) return undefined
  const paths = modelRoutes.messages ? MODEL_PATH : OLD_MODEL_PATH
  return { attached, exact: paths.test(pathOf(path)) }
}

const MODEL_PATH = /^\/v1\/(?:chat\/completions|completions|responses|messages)\/?$/
const OLD_MODEL_PATH = /^\/v1\/(?:chat\/completions|completions|responses)\/?$/
