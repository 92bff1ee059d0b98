import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dump } from 'js-yaml'
import type { Cluster } from '../cluster/cluster.ts'
import { at, listAt, textAt } from '../json.ts'

/**
 * The objects of every kind that an API server lists, as `kubectl get -A -o yaml` writes them: a file for each
 * kind. Definitions of kinds are left out: they are megabytes.
 */
export async function dumpCluster(cluster: Cluster) {
  const root = await mkdtemp(path.join(tmpdir(), 'dump-'))
  for (const [index, { place, kind, apiVersion }] of (await kindsOf(cluster)).entries()) {
    const items = listAt(await cluster.get(place), 'items').map((item) => ({
      apiVersion,
      kind,
      ...Object(item),
      metadata: { ...Object(at(item, 'metadata')), managedFields: undefined },
    }))
    const text = dump(
      { apiVersion: 'v1', kind: 'List', items },
      { noRefs: true, skipInvalid: true },
    )
    await writeFile(path.join(root, `${index}-${kind}.yaml`), text)
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}

type Kind = { readonly place: string; readonly kind: string; readonly apiVersion: string }

/** Each kind once, in the first of its versions that the API server prefers. */
async function kindsOf({ get }: Cluster): Promise<readonly Kind[]> {
  const versions = listAt(await get('/apis'), 'groups').flatMap((group) =>
    listAt(group, 'versions').map((version) => textAt(version, 'groupVersion')),
  )
  const places = [
    { apiVersion: 'v1', root: '/api/v1' },
    ...versions.map((apiVersion) => ({ apiVersion, root: `/apis/${apiVersion}` })),
  ]
  const kinds = new Map<string, Kind>()
  for (const { apiVersion, root } of places) {
    for (const resource of listAt(await get(root), 'resources')) {
      const name = textAt(resource, 'name')
      const kind = textAt(resource, 'kind')
      const id = `${apiVersion.split('/').slice(0, -1).join()} ${kind}`
      const isWanted = listAt(resource, 'verbs').includes('list') && kind !== DEFINITION
      if (name.includes('/') || !isWanted || kinds.has(id)) continue
      kinds.set(id, { place: `${root}/${name}`, kind, apiVersion })
    }
  }
  return [...kinds.values()]
}

const DEFINITION = 'CustomResourceDefinition'
