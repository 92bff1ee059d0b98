// Lists all objects of a kind once.

import type { Fields } from '../../resources/object.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { pagesOf, type ReadLimits } from './list-watch.ts'
import type { WatchedKind } from './watched-kinds.ts'

const NOT_FOUND = 404

/**
 * The objects of the first version that the cluster has, with the kind that items of a list lack; empty: it has
 * none of the versions. Rejects as `pagesOf` does.
 */
export async function listAll(
  api: Pick<ApiServer, 'send'>,
  collection: WatchedKind,
  limits: Pick<ReadLimits, 'requestMs' | 'signal'>,
): Promise<readonly Fields[]> {
  const { kind, apiVersion, paths } = collection
  for (const path of paths) {
    try {
      const items: Fields[] = []
      for await (const page of pagesOf(api, collection, path, limits))
        for (const { content } of page.items) items.push({ ...content, kind, apiVersion })
      return items
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== NOT_FOUND) throw error
    }
  }
  return []
}
