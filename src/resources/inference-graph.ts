// Reads InferenceGraphs.

import type { Service } from '../access/service.ts'
import { namedServiceRoutes } from './named-service-routes.ts'
import type { KubernetesObject } from './object.ts'
import { readOwnerAnnotations } from './owner-annotations.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

/** Reads a `serving.kserve.io` InferenceGraph. */
export function readInferenceGraph(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name } = object
  return {
    kind: 'InferenceGraph',
    namespace,
    name,
    ...readOwnerAnnotations(object, settings.protectByDefault, settings, raise),
    routes: namedServiceRoutes(object, [name], [], settings, raise),
  }
}
