import type { Directory } from '../access/directory.ts'
import { idOf } from '../access/service.ts'
import { bare, repeated, sharedClaims, unguarded } from '../resources/conflicts.ts'
import type { Problem } from '../resources/problem.ts'
import { type Resource, readResource } from '../resources/resource.ts'
import type { ReadSettings } from '../resources/settings.ts'
import type { KindCollection } from './collections.ts'
import type { Fields } from './fields.ts'
import type { Keeper } from './known.ts'
import type { Listed } from './watch-event.ts'

export type ServingParts = {
  readonly directory: Directory
  readonly settings: () => ReadSettings
  /** Told once of each problem of an object; `content` is that object. */
  readonly report: (problem: Problem, content: Fields) => void
}

/** Keeps a directory as the objects of a collection say. */
export function createServing(
  { kind, apiVersion, paths, query }: KindCollection,
  { directory, settings, report }: ServingParts,
): Keeper {
  const place = `${kind} ${paths[0]} ${Object.values(query).join()}`
  const placed = new Map<string, readonly string[]>()
  const reported = new Map<string, string>()

  const put = ({ key, content }: Listed) => {
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
        return resource.workloads.map((workload) => {
          const own = `${id} ${idOf(workload.service)}`
          directory.workloads.put(own, workload)
          return own
        })
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
    // Without a policy there would be more that is open.
    close: kind === 'AccessPolicy' ? closeNamespace : undefined,
    remove: (key) => {
      for (const id of placed.get(key) ?? []) drop(id)
      placed.delete(key)
      reported.delete(key)
    },
  }
}
