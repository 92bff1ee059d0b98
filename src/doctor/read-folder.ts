// Reads the objects that the doctor examines from a folder, such as an export of a cluster.

import { readDocuments } from '../manifests/documents.ts'
import { followFolder } from '../manifests/folder.ts'
import { type Objects, objectsFrom } from './objects.ts'

/** Rejects if a file cannot be read. */
export async function readFolder(folder: string): Promise<Objects> {
  const contents: unknown[] = []
  const faults: string[] = []

  const followed = await followFolder({
    folder,
    read: (_path, bytes) => readDocuments<unknown>(bytes, (object) => object),
    report: (fault) => faults.push(fault),
    apply: async (changes) => {
      for (const change of changes) {
        if (change.kind === 'unreadable') faults.push(`${change.path}: ${change.reason}`)
        if (change.kind !== 'read') continue
        const { content } = change
        if (content.kind === 'read') for (const object of content.objects) contents.push(object)
        else faults.push(`${change.path}: ${content.fault.reason}`)
      }
    },
  })
  await followed.close()
  if (faults.length > 0) throw new Error(`files that cannot be read:\n  ${faults.join('\n  ')}`)
  return objectsFrom(contents)
}
