// Asks the API server whether it has a kind.

import { isRecord } from '../../common/json.ts'
import type { Fields } from '../../resources/object.ts'
import { ApiError, type ApiServer } from '../client/api-server.ts'
import { type Collection, type ReadLimits, within } from './list-watch.ts'

/** Whether a cluster has the kind of a collection in any version, by API discovery. Rejects if it does not answer. */
export async function hasKind(
  api: Pick<ApiServer, 'send'>,
  { paths: [path], resource }: Pick<Collection, 'paths' | 'resource'>,
  { requestMs, signal }: Pick<ReadLimits, 'requestMs' | 'signal'>,
): Promise<boolean> {
  const [, root, group = ''] = path.split('/')
  // Every cluster has the core group.
  if (root === 'api') return true
  const list = (of: string, field: string) =>
    within(requestMs, signal, async (limit) =>
      listIn(await told(api.send({ method: 'GET', path: `/apis/${of}`, signal: limit })), field),
    )
  for (const { groupVersion } of await list(group, 'versions')) {
    const resources = await list(String(groupVersion), 'resources')
    if (resources.some(({ name }) => name === resource)) return true
  }
  return false
}

const EMPTY: Fields = { versions: [], resources: [] }
/** Not found or forbidden: the kind counts as absent. */
const UNTOLD: ReadonlySet<number> = new Set([403, 404])

async function told(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && UNTOLD.has(error.status)) return EMPTY
    throw error
  }
}

function listIn(answer: unknown, field: string): readonly Fields[] {
  const found = isRecord(answer) ? answer[field] : undefined
  if (!Array.isArray(found))
    throw new Error('the discovery document of the API server cannot be read')
  return found.filter(isRecord)
}
