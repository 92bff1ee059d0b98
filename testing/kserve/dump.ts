import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dump } from 'js-yaml'
import type { Cluster } from '../cluster/cluster.ts'
import { listAt, textAt } from '../json.ts'

/** The objects of every kind that an API server lists, as `kubectl get -A -o yaml` writes them: a file for each kind. */
export async function dumpCluster(cluster: Cluster) {
  const root = await mkdtemp(path.join(tmpdir(), 'dump-'))
  for (const [index, { at, kind, apiVersion }] of (await kindsOf(cluster)).entries()) {
    const items = listAt(await cluster.get(at), 'items').map((item) => ({
      apiVersion,
      kind,
      ...Object(item),
    }))
    const text = dump({ apiVersion: 'v1', kind: 'List', items }, { noRefs: true })
    await writeFile(path.join(root, `${index}-${kind}.yaml`), text)
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}

type Kind = { readonly at: string; readonly kind: string; readonly apiVersion: string }

/** Each kind once, in the version that its group prefers. */
async function kindsOf({ get }: Cluster): Promise<readonly Kind[]> {
  const groups = listAt(await get('/apis'), 'groups').map((group) =>
    textAt(group, 'preferredVersion', 'groupVersion'),
  )
  const places = [
    { apiVersion: 'v1', at: '/api/v1' },
    ...groups.map((apiVersion) => ({ apiVersion, at: `/apis/${apiVersion}` })),
  ]
  const kinds: Kind[] = []
  for (const { apiVersion, at } of places) {
    for (const resource of listAt(await get(at), 'resources')) {
      const name = textAt(resource, 'name')
      if (name.includes('/') || !listAt(resource, 'verbs').includes('list')) continue
      kinds.push({ at: `${at}/${name}`, kind: textAt(resource, 'kind'), apiVersion })
    }
  }
  return kinds
}
