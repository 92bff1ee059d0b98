// Reads InferenceServices.

import type { Service } from '../access/service.ts'
import { isModelMesh } from './deployment-mode.ts'
import { ingressRoutes } from './ingress-routes.ts'
import { namedServiceRoutes } from './named-service-routes.ts'
import { isSubdomainName, type KubernetesObject, textAt, valueAt } from './object.ts'
import { readOwnerAnnotations } from './owner-annotations.ts'
import type { Raise } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

/**
 * Reads a `serving.kserve.io` InferenceService. Its routes: cluster names, hosts of KServe's configuration,
 * URLs of its status.
 */
export function readInferenceService(
  object: KubernetesObject,
  settings: ReadSettings,
  raise: Raise,
): Service {
  const { namespace, name } = object
  const components = componentsOf(object)
  const { ingress } = settings
  const declared = readOwnerAnnotations(object, settings.protectByDefault, settings, raise)
  const unguarded = isModelMesh(object, settings)
  if (unguarded && declared.protection === 'protected') {
    raise(
      'NotGuarded',
      'ModelMesh serves it from pods that it shares with other services: requests there are not checked',
    )
  }
  return {
    kind: 'InferenceService',
    namespace,
    name,
    ...declared,
    ...(unguarded ? { unguarded } : {}),
    routes: namedServiceRoutes(
      object,
      [name, ...components.map((component) => `${name}-${component}`)],
      ingress === undefined ? [] : ingressRoutes(object, components, ingress, settings),
      settings,
      raise,
    ),
  }
}

/** The suffixes of its components' names: the predictors, and the transformer and explainer if it has them. */
function componentsOf({ content }: KubernetesObject): readonly string[] {
  const canary = textAt(content, 'spec', 'predictor', 'name')
  const has = (component: string) =>
    isThere(valueAt(content, 'spec', component)) ||
    isThere(valueAt(content, 'status', 'components', component))
  return [
    'predictor',
    ...['transformer', 'explainer'].filter(has),
    ...(canary !== undefined && isSubdomainName(canary) ? [`${canary}-predictor`] : []),
  ]
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null
