// The models of a service whose permissions count for a request.

import { pathOf } from '../common/path.ts'
import type { Directory } from './directory.ts'
import { PUBLISHERS } from './model-header.ts'
import type { AccessRequest } from './request.ts'
import type { Service } from './service.ts'
import type { Target } from './target.ts'

/** Each is a question to the API server. */
export const MAX_MODELS_ASKED = 8

/**
 * The models, without `publishers/<namespace>/models/`, whose permission opens `service` for this request.
 * They are always models of the target itself, since a client chooses what it names. At a gateway, the
 * model that the request names. At a pod, any: no path names one there, and its pods serve all of them.
 */
export function modelsFor(
  request: Pick<AccessRequest, 'path' | 'headers'>,
  target: Target,
  service: Service,
  directory: Pick<Directory, 'modelHeaders'>,
): readonly string[] {
  const prefix = `publishers/${service.namespace}/models/`
  const isOwn = (model: string) =>
    model.startsWith(prefix) &&
    model.length > prefix.length &&
    target.service.models?.includes(model) === true &&
    service.models?.includes(model) === true
  const named = namedIn(request, target.service, directory).filter(isOwn)
  const counting =
    target.position === 'gateway' ? named : [...named, ...(service.models ?? []).filter(isOwn)]
  return [...new Set(counting)]
    .slice(0, MAX_MODELS_ASKED)
    .map((model) => model.slice(prefix.length))
}

/** By the path, otherwise by the headers. */
function namedIn(
  { path: whole, headers }: Pick<AccessRequest, 'path' | 'headers'>,
  { models = [] }: Service,
  { modelHeaders }: Pick<Directory, 'modelHeaders'>,
): readonly string[] {
  const path = pathOf(whole)
  if (path.startsWith(PUBLISHERS)) {
    const [longest] = models
      .filter((model) => path === `/${model}` || path.startsWith(`/${model}/`))
      .toSorted((one, other) => other.length - one.length)
    return longest === undefined ? [] : [longest]
  }
  return modelHeaders.get().flatMap((header) => headers.get(header) ?? [])
}
