// Writes watched objects to the directory, and reports their problems.

import type { Directory } from '../../access/directory.ts'
import { isRecord } from '../../common/json.ts'
import { unreadablePolicy } from '../../resources/access-policy.ts'
import { bare, opensNothing, repeated, sharedRoutes, unguarded } from '../../resources/conflicts.ts'
import { holdingsIn, replaceHoldings } from '../../resources/holdings.ts'
import type { Resource } from '../../resources/kinds.ts'
import { MAX_BASES } from '../../resources/llm-config.ts'
import { type Fields, listAt, textAt } from '../../resources/object.ts'
import type { Problem } from '../../resources/problem.ts'
import type { ReadSettings } from '../../resources/read-settings.ts'
import { readResource } from '../../resources/resource.ts'
import { sharingParts } from '../../resources/sharing.ts'
import type { Handler } from './store.ts'
import type { Listed } from './watch-event.ts'
import type { WatchedKind } from './watched-kinds.ts'

export type DirectoryWriterParts = {
  readonly directory: Directory
  readonly settings: () => ReadSettings
  /** Whether all services have been read; absent: never. */
  readonly servicesRead?: () => boolean
  /** Called once for each problem of an object, with the object. */
  readonly report: (problem: Problem, content: Fields) => void
}

/** A handler whose services can be read again without a call to the API server. */
export type DirectoryWriter = Handler & {
  /** Reads the services again that name this LLMInferenceServiceConfig. */
  readonly again: (config: string) => void
  /** Reports keys for services that do not exist, once all services have been read. */
  readonly reviewKeys: () => void
}

const IGNORED: Resource = { kind: 'ignored' }

/** Writes the objects of a collection to the directory. */
export function createDirectoryWriter(
  { kind, apiVersion, paths, query }: WatchedKind,
  { directory, settings, servicesRead = () => false, report }: DirectoryWriterParts,
): DirectoryWriter {
  const collection = `${kind} ${paths[0]} ${Object.values(query).join()}`
  const placed = new Map<string, Resource>()
  const reported = new Map<string, string>()
  const based = new Map<string, Listed>()

  const put = (listed: Listed) => {
    const { key, content } = listed
    if (basesIn(content).length > 0) based.set(key, withoutTheRest(listed))
    else based.delete(key)
    // Items of a list have no kind and apiVersion.
    const object = { ...content, kind, apiVersion }
    const { resource, problems } = sharingParts(readResource(object, settings()))
    place(key, resource)
    tell(key, [...problems, ...conflictsOf(resource)], object)
  }

  function place(key: string, resource: Resource) {
    const holdingsOf = (each: Resource) => holdingsIn(directory, `${collection} ${key}`, each)
    const now = holdingsOf(resource)
    replaceHoldings(holdingsOf(placed.get(key) ?? IGNORED), now)
    if (now.length === 0) placed.delete(key)
    else placed.set(key, resource)
  }

  function closeNamespace(key: string) {
    const [namespace = '', name = ''] = key.split('/')
    place(key, { kind: 'policy', policy: unreadablePolicy(namespace, name) })
  }

  function conflictsOf(resource: Resource): readonly Problem[] {
    switch (resource.kind) {
      case 'service':
        return [...sharedRoutes(resource.service, directory), ...bare(resource.service, directory)]
      case 'workloads':
        return unguarded(resource.workloads, directory)
      case 'api-key':
        return [
          ...repeated(resource.key, directory),
          ...(servicesRead() ? opensNothing(resource.key, directory) : []),
        ]
      default:
        return []
    }
  }

  function tell(key: string, problems: readonly Problem[], content: Fields) {
    const text = problems.map(({ reason, message }) => `${reason} ${message}`).join('\n')
    if (text === (reported.get(key) ?? '')) return
    if (text === '') reported.delete(key)
    else reported.set(key, text)
    for (const problem of problems) report(problem, content)
  }

  return {
    put,
    again: (config) => {
      for (const listed of based.values()) {
        if (basesIn(listed.content).includes(config)) put(listed)
      }
    },
    reviewKeys: () => {
      for (const [key, resource] of placed) {
        if (resource.kind !== 'api-key') continue
        const { namespace, name } = resource.key
        tell(key, conflictsOf(resource), { kind, apiVersion, metadata: { namespace, name } })
      }
    },
    // A removed policy could leave a service open.
    close: kind === 'AccessPolicy' ? closeNamespace : undefined,
    remove: (key) => {
      place(key, IGNORED)
      reported.delete(key)
      based.delete(key)
    },
  }
}

/** The LLMInferenceServiceConfigs that an LLMInferenceService names. */
const basesIn = (content: Fields): readonly (string | undefined)[] =>
  listAt(content, 'spec', 'baseRefs')
    .slice(0, MAX_BASES)
    .map((ref) => textAt(ref, 'name'))

/** Keeps only the fields that are read: pod templates and managed fields would use too much memory. */
function withoutTheRest(listed: Listed): Listed {
  const { metadata, spec, status } = listed.content
  const { name, namespace, uid, labels, annotations } = isRecord(metadata) ? metadata : {}
  const { baseRefs, model, router } = isRecord(spec) ? spec : {}
  const content = {
    metadata: { name, namespace, uid, labels, annotations },
    spec: { baseRefs, model, router },
    status,
  }
  return { ...listed, content }
}
