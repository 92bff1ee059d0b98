// The permissions of Kubernetes' RBAC that open a service.

import { resourceOf, SERVICE_KINDS, type ServiceKind, type ServiceRef } from './service.ts'

/** What a SubjectAccessReview asks about: one object per service, so that it can be a key. */
export type ResourceAttributes = {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
  /** All of the above in one text. */
  readonly key: string
}

/** What a SubjectAccessReview asks about a path, such as `/metrics`. */
export type NonResourceAttributes = {
  readonly verb: string
  readonly path: string
  /** All of the above in one text. */
  readonly key: string
}

/** In `name`, `{namespace}` and `{name}` are the service's, and `{model}` is one of its models. */
export type PermissionTemplate = Pick<ResourceAttributes, 'verb' | 'group' | 'resource' | 'name'>

/** One of the permissions of its kind opens a service; without any, none does. */
export type Permissions = ReadonlyMap<ServiceKind, readonly PermissionTemplate[]>

const MODEL = '{model}'

/** The permission that opens a service unless the configuration says otherwise. */
const defaultPermission = (kind: ServiceKind): PermissionTemplate => ({
  verb: 'get',
  group: 'serving.kserve.io',
  resource: resourceOf(kind),
  name: '{name}',
})

/** The defaults, with the lists that `own` has replaced; each missing part is that of the default. */
export function permissionsWith(
  own: {
    readonly [K in ServiceKind]?: readonly Partial<PermissionTemplate>[] | undefined
  },
): Permissions {
  return new Map(
    SERVICE_KINDS.map((kind) => [
      kind,
      (own[kind] ?? [{}]).map((template) => ({ ...defaultPermission(kind), ...template })),
    ]),
  )
}

/** The permissions of which one opens the service, in order. Templates with a model have one for each model. */
export type PermissionsFor = (
  service: ServiceRef,
  models: () => readonly string[],
) => readonly ResourceAttributes[]

/** Combinations of models whose permissions are kept per service. */
export const KEPT_PER_SERVICE = 64

/** Creates the permissions of services. Each is created once. */
export function createPermissionsFor(permissions: Permissions): PermissionsFor {
  const known = new WeakMap<ServiceRef, Map<string, readonly ResourceAttributes[]>>()
  const byModel = new Set(SERVICE_KINDS.filter((kind) => permissions.get(kind)?.some(hasModel)))

  return (service, models) => {
    const kept = known.get(service) ?? new Map<string, readonly ResourceAttributes[]>()
    known.set(service, kept)
    const templates = permissions.get(service.kind) ?? []
    const named = byModel.has(service.kind) ? models() : []
    const key = named.length === 0 ? '' : JSON.stringify(named)
    const found = kept.get(key)
    if (found !== undefined) return found
    const made = templates.flatMap((template) =>
      hasModel(template)
        ? named.map((model) => attributesOf(template, service, model))
        : [attributesOf(template, service, '')],
    )
    if (kept.size >= KEPT_PER_SERVICE) kept.clear()
    kept.set(key, made)
    return made
  }
}

const hasModel = ({ name }: PermissionTemplate): boolean => name.includes(MODEL)

function attributesOf(
  { verb, group, resource, name: template }: PermissionTemplate,
  { namespace, name }: ServiceRef,
  model: string,
): ResourceAttributes {
  const values: Readonly<Record<string, string>> = { namespace, name, model }
  const filled = template.replaceAll(/\{(\w+)\}/g, (_whole, field: string) => values[field] ?? '')
  return {
    verb,
    group,
    resource,
    namespace,
    name: filled,
    key: JSON.stringify([verb, group, resource, namespace, filled]),
  }
}
