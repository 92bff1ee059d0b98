import type { Directory } from '../access/directory.ts'
import { idOf, type Service } from '../access/service.ts'
import type { Problem } from '../resources/problem.ts'
import { type Resource, readResource } from '../resources/resource.ts'
import type { ReadSettings } from '../resources/settings.ts'
import type { KindCollection } from './collections.ts'
import type { Fields } from './fields.ts'
import type { Follower } from './follow.ts'
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
): Pick<Follower, 'put' | 'remove'> {
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

  /** No two tables hold the same identity. */
  function drop(id: string) {
    directory.services.remove(id)
    directory.workloads.remove(id)
    directory.keys.remove(id)
    directory.policies.remove(id)
  }

  function conflictsOf(resource: Resource): readonly Problem[] {
    if (resource.kind === 'service') return sharedClaims(resource.service)
    if (resource.kind !== 'api-key') return []
    const { namespace, name, digest } = resource.key
    return directory.keysWith(namespace, digest).length < 2
      ? []
      : [
          {
            object: `Secret ${namespace}/${name}`,
            reason: 'CredentialRepeated',
            message: 'another Secret of the namespace holds the same key: it is nobody',
          },
        ]
  }

  function sharedClaims(service: Service): readonly Problem[] {
    const shared = service.claims.find((claim) =>
      directory.claimantsOf(claim).some((other) => idOf(other) !== idOf(service)),
    )
    if (shared === undefined) return []
    const { host = 'any host', pathPrefix } = shared
    return [
      {
        object: `${service.kind} ${service.namespace}/${service.name}`,
        reason: 'SharedHost',
        message: `other services claim ${host}${pathPrefix} too: there, all of them must allow`,
      },
    ]
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
    remove: (key) => {
      for (const id of placed.get(key) ?? []) drop(id)
      placed.delete(key)
      reported.delete(key)
    },
  }
}
