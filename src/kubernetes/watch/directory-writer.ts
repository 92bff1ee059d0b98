import type { Directory } from '../../access/directory.ts'
import { idOf } from '../../access/service.ts'
import { bare, repeated, sharedClaims, unguarded } from '../../resources/conflicts.ts'
import { MAX_BASES } from '../../resources/llm-config.ts'
import { type Fields, isFields, listAt, textAt } from '../../resources/object.ts'
import type { Problem } from '../../resources/problem.ts'
import type { ReadSettings } from '../../resources/read-settings.ts'
import { type Resource, readResource } from '../../resources/resource.ts'
import type { Handler } from './store.ts'
import type { Listed } from './watch-event.ts'
import type { WatchedKind } from './watched-kinds.ts'

export type DirectoryWriterParts = {
  readonly directory: Directory
  readonly settings: () => ReadSettings
  /** Told once of each problem of an object; `content` is that object. */
  readonly report: (problem: Problem, content: Fields) => void
}

/** A keeper whose services can be read again without asking the API server. */
export type DirectoryWriter = Handler & {
  /** Reads the services again that name this LLMInferenceServiceConfig. */
  readonly again: (config: string) => void
}

/** Keeps a directory as the objects of a collection say. */
export function createDirectoryWriter(
  { kind, apiVersion, paths, query }: WatchedKind,
  { directory, settings, report }: DirectoryWriterParts,
): DirectoryWriter {
  const place = `${kind} ${paths[0]} ${Object.values(query).join()}`
  const placed = new Map<string, readonly string[]>()
  const reported = new Map<string, string>()
  const based = new Map<string, Listed>()

  const put = (listed: Listed) => {
    const { key, content } = listed
    if (basesIn(content).length > 0) based.set(key, withoutTheRest(listed))
    else based.delete(key)
    // Items of a list do not say what they are.
    const object = { ...content, kind, apiVersion }
    const { resource, problems } = readResource(object, settings())
    const before = placed.get(key) ?? []
    const now = take(`${place} ${key}`, resource)
    for (const id of before) if (!now.includes(id)) drop(id)
    if (now.length === 0) placed.delete(key)
    else placed.set(key, now)
    tell(key, [...problems, ...conflictsOf(resource)], object)
  }

  function take(id: string, resource: Resource): readonly string[] {
    switch (resource.kind) {
      case 'service':
        directory.services.put(id, resource.service)
        return [id]
      case 'workloads':
        for (const proxy of resource.proxies) directory.proxies.put(id, proxy)
        return [
          ...resource.proxies.map(() => id),
          ...resource.workloads.map((workload) => {
            const own = `${id} ${idOf(workload.service)}`
            directory.workloads.put(own, workload)
            return own
          }),
        ]
      case 'api-key':
        directory.keys.put(id, resource.key)
        return [id]
      case 'policy':
        directory.policies.put(id, resource.policy)
        return [id]
      default:
        return []
    }
  }

  function closeNamespace(key: string) {
    const [namespace = '', name = ''] = key.split('/')
    const id = `${place} ${key}`
    const unreadable = { targets: undefined, terms: undefined }
    directory.policies.put(id, { namespace, name, mode: 'enforce', ...unreadable })
    placed.set(key, [id])
  }

  /** No two tables hold the same identity. */
  function drop(id: string) {
    directory.services.remove(id)
    directory.workloads.remove(id)
    directory.proxies.remove(id)
    directory.keys.remove(id)
    directory.policies.remove(id)
  }

  function conflictsOf(resource: Resource): readonly Problem[] {
    switch (resource.kind) {
      case 'service':
        return [...sharedClaims(resource.service, directory), ...bare(resource.service, directory)]
      case 'workloads':
        return unguarded(resource.workloads, directory)
      case 'api-key':
        return repeated(resource.key, directory)
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
    // Without a policy there would be more that is open.
    close: kind === 'AccessPolicy' ? closeNamespace : undefined,
    remove: (key) => {
      for (const id of placed.get(key) ?? []) drop(id)
      placed.delete(key)
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

/** What is read of an LLMInferenceService: pod templates and managed fields would take the memory. */
function withoutTheRest(listed: Listed): Listed {
  const { metadata, spec, status } = listed.content
  const { name, namespace, uid, labels, annotations } = isFields(metadata) ? metadata : {}
  const { baseRefs, model, router } = isFields(spec) ? spec : {}
  const content = {
    metadata: { name, namespace, uid, labels, annotations },
    spec: { baseRefs, model, router },
    status,
  }
  return { ...listed, content }
}
