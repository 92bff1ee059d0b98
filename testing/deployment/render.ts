import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { loadAll } from 'js-yaml'
import { findKustomize } from '../../scripts/kustomize.ts'
import { pathOf, type Written } from '../cluster/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { writtenOf } from '../cluster/installation.ts'
import { textAt } from '../json.ts'

const DEADLINE_MS = 20_000
/** The output of kustomize. */
const MAX_BYTES = 16 * 1_024 * 1_024

/** The rendered objects of a folder, in the order in which they are applied. */
export async function render(folder: string): Promise<readonly Written[]> {
  const kustomize = await findKustomize((line) => void process.stderr.write(`${line}\n`))
  const options = { timeout: DEADLINE_MS, maxBuffer: MAX_BYTES }
  const { stdout } = await promisify(execFile)(kustomize, ['build', folder], options)
  return loadAll(stdout).map(writtenOf)
}

/** Like `kubectl apply --server-side`; a field unknown to the API server is an error. */
export async function applyServerSide(
  { call }: Pick<Cluster, 'call'>,
  objects: readonly Written[],
) {
  for (const object of objects) {
    const { status, body } = await call({
      method: 'PATCH',
      path: `${pathOf(object)}?fieldManager=kubectl&fieldValidation=Strict`,
      contentType: 'application/apply-patch+yaml',
      body: object,
    })
    if (status >= 300) {
      throw new Error(
        `${object.kind} ${object.metadata.name}: ${status} ${textAt(body, 'message')}`,
      )
    }
  }
}

/** The only object of its kind and name. */
export function found(objects: readonly Written[], kind: string, name: string): Written {
  const [object, another] = objects.filter(
    (each) => each.kind === kind && each.metadata.name === name,
  )
  if (object === undefined || another !== undefined)
    throw new Error(`there must be one ${kind} ${name}`)
  return object
}
