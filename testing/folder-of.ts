import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Writes objects into a folder of manifests. */
export async function folderOf(objects: readonly object[]) {
  const root = await mkdtemp(path.join(tmpdir(), 'manifests-'))
  const text = objects.map((object) => JSON.stringify(object)).join('\n---\n')
  await writeFile(path.join(root, 'all.yaml'), text)
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}
