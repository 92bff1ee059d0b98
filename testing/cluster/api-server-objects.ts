import type { ServerResponse } from 'node:http'
import type { Answer } from './api-server.ts'

type Stored = { readonly key: string; readonly version: number; readonly object: object }
type Change = { readonly type: string; readonly version: number; readonly object: object }

/** The objects of one collection, listed and watched as at an API server. */
export type FakeCollection = ReturnType<typeof fakeCollection>

const ENDED = { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } }

export function fakeCollection() {
  const objects = new Map<string, Stored>()
  const changes: Change[] = []
  const watches = new Set<ServerResponse>()
  let version = 1

  const change = (type: string, object: object) => {
    changes.push({ type, version, object })
    for (const watch of watches) watch.write(lineOf(type, object, version))
  }
  const put = (name: string, fields: object = {}) => {
    version += 1
    const object = { ...fields, metadata: { namespace: 'team', name } }
    change(objects.has(name) ? 'MODIFIED' : 'ADDED', object)
    objects.set(name, { key: name, version, object })
  }
  const remove = (name: string) => {
    const { object } = objects.get(name) ?? { object: {} }
    version += 1
    objects.delete(name)
    change('DELETED', object)
  }

  const answer: Answer = (request, response) => {
    const query = new URL(request.url ?? '', 'https://x').searchParams
    response.writeHead(200, { 'content-type': 'application/json' })
    if (!query.has('watch')) return list(query, response)
    response.flushHeaders()
    watches.add(response)
    response.on('close', () => watches.delete(response))
    if (query.get('sendInitialEvents') === 'true') {
      for (const each of objects.values()) {
        response.write(lineOf('ADDED', each.object, each.version))
      }
      response.write(lineOf('BOOKMARK', ENDED, version))
    } else {
      const from = Number(query.get('resourceVersion'))
      for (const each of changes.filter((one) => one.version > from)) {
        response.write(lineOf(each.type, each.object, each.version))
      }
    }
  }

  function list(query: URLSearchParams, response: ServerResponse) {
    const begin = Number(query.get('continue') ?? 0)
    const end = begin + Number(query.get('limit'))
    const all = [...objects.values()]
    const items = all.slice(begin, end).map((each) => withVersion(each.object, each.version))
    const next = end < all.length ? { continue: String(end) } : {}
    response.end(JSON.stringify({ metadata: { resourceVersion: String(version), ...next }, items }))
  }

  return {
    answer,
    put,
    remove,
    /** Sends a bookmark. */
    bookmark: () => {
      for (const watch of watches) watch.write(lineOf('BOOKMARK', {}, version))
    },
    /** Sends this text unchanged to all watches. */
    write: (line: string) => {
      for (const watch of watches) watch.write(line)
    },
    endWatches: () => {
      for (const watch of watches) watch.end()
      watches.clear()
    },
    watches: () => watches.size,
  }
}

const lineOf = (type: string, object: object, version: number): string =>
  `${JSON.stringify({ type, object: withVersion(object, version) })}\n`

const withVersion = (object: object, version: number): object => ({
  ...object,
  metadata: {
    ...('metadata' in object && typeof object.metadata === 'object' ? object.metadata : {}),
    resourceVersion: String(version),
  },
})
