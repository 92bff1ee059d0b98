// Reads any Kubernetes object. The entry point of this folder.

import { isRecord } from '../common/json.ts'
import { unreadablePolicy } from './access-policy.ts'
import {
  IGNORED,
  KINDS,
  type Kind,
  KSERVE_GROUP,
  OTHER,
  OWN_GROUP,
  type Resource,
  readPolicy,
} from './kinds.ts'
import {
  displayNameOf,
  type Fields,
  namespaceIn,
  printable,
  readObject,
  textAt,
  valueAt,
} from './object.ts'
import { ENABLE_AUTH, LEGACY_ENABLE_AUTH } from './owner-annotations.ts'
import { type Problem, problemsOf } from './problem.ts'
import type { ReadSettings } from './read-settings.ts'

export type ResourceReading = {
  /** Kind, namespace and name, e.g. `Secret team/reader`; `undefined`: an unknown kind or an invalid name. */
  readonly identity: string | undefined
  readonly resource: Resource
  readonly problems: readonly Problem[]
  /** The object of a service, to read again when KServe's configuration changes. */
  readonly content?: Fields
}

const OUR_GROUPS: ReadonlySet<string> = new Set([KSERVE_GROUP, OWN_GROUP])

/** Kinds of KServe that access does not depend on. */
const OTHER_KINDS: ReadonlySet<string> = new Set([
  'TrainedModel',
  'ServingRuntime',
  'ClusterServingRuntime',
  'ClusterStorageContainer',
  'InferenceServiceConfig',
  'LocalModelCache',
  'LocalModelNamespaceCache',
  'LocalModelNode',
  'LocalModelNodeGroup',
])

/** Reads one Kubernetes object of any kind. Never throws; an unreadable object admits nobody. */
export function readResource(value: unknown, settings: ReadSettings): ResourceReading {
  const kind = textAt(value, 'kind')
  const apiVersion = textAt(value, 'apiVersion')
  if (!isRecord(value) || !kind || !apiVersion)
    return unread('Object', 'NotAnObject', 'it has no kind or no apiVersion')
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const known = KINDS.get(kind)
  if (known?.group === group) return readKnown(kind, known, value, settings)
  const named = `${printable(kind)} of ${printable(apiVersion)}`
  if (known !== undefined)
    return unread(named, 'WrongGroup', `ignored: ${kind} belongs to ${known.group || 'v1'}`)
  if (OUR_GROUPS.has(group) && !OTHER_KINDS.has(kind))
    return unread(named, 'UnknownKind', 'ignored: the kind is unknown')
  if (group === KSERVE_GROUP && asksForProtection(value))
    return unread(named, 'NotGuarded', `${ENABLE_AUTH} has no effect on this kind`)
  return { identity: undefined, resource: IGNORED, problems: [] }
}

/** Whether a kind that is not a service has the annotation of services, like ModelMesh's ServingRuntimes. */
const asksForProtection = (value: Fields): boolean =>
  ['annotations', 'labels'].some(
    (field) =>
      valueAt(value, 'metadata', field, ENABLE_AUTH) !== undefined ||
      valueAt(value, 'metadata', field, LEGACY_ENABLE_AUTH) !== undefined,
  )

function readKnown(
  name: string,
  kind: Kind,
  content: Fields,
  settings: ReadSettings,
): ResourceReading {
  const object = readObject(name, content, kind)
  if (typeof object === 'string') return readNameless(name, kind, content, object)
  const { problems, raise } = problemsOf(object)
  const resource = kind.read(object, settings, raise)
  // Any other ConfigMap is ignored completely.
  if (resource === OTHER) return { identity: undefined, resource: IGNORED, problems }
  const reading = { identity: displayNameOf(object), resource, problems }
  return resource.kind === 'service' ? { ...reading, content } : reading
}

/** An object without a valid name is ignored, except a policy: it closes its namespace. */
function readNameless(name: string, kind: Kind, content: Fields, fault: string): ResourceReading {
  const written = textAt(content, 'metadata', 'name') ?? ''
  const named = written === '' ? name : `${name} "${printable(written)}"`
  const namespace = namespaceIn(content)
  if (kind.read !== readPolicy || namespace === undefined) {
    return unread(named, 'UnreadableObject', `ignored: ${fault}`)
  }
  return {
    identity: `${name} ${namespace}/${written}`,
    resource: { kind: 'policy', policy: unreadablePolicy(namespace, written) },
    problems: [
      {
        object: named,
        reason: 'PolicyInvalid',
        message: `closes the namespace ${namespace}: ${fault}`,
      },
    ],
  }
}

const unread = (object: string, reason: string, message: string): ResourceReading => ({
  identity: undefined,
  resource: IGNORED,
  problems: [{ object, reason, message }],
})
