import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { load, loadAll } from 'js-yaml'
import { entriesAt, textAt } from '../json.ts'
import type { Written } from './client.ts'
import type { Cluster } from './cluster.ts'

const DEPLOY = path.join(import.meta.dirname, '../../deploy')
const NAMESPACE = 'kserve-authz'
/** Where KServe's configuration is, which the service reads. */
const KSERVE_NAMESPACE = 'kserve'

/**
 * Installs the ServiceAccount with exactly the permissions of a file of `deploy/`, and returns a kubeconfig for it.
 * `port` if a proxy is in front of the API server.
 */
export async function install(cluster: Cluster, file = 'rbac.yaml', port?: number) {
  const objects = loadAll(await readFile(path.join(DEPLOY, file), 'utf8')).map(writtenOf)
  const own = objects.map(({ metadata }) => metadata.namespace ?? NAMESPACE)
  const namespaces = new Set([KSERVE_NAMESPACE, ...own])
  for (const name of namespaces) await cluster.apply(aNamespace(name))
  for (const object of objects) await cluster.apply(object)
  return cluster.kubeconfig({ token: await cluster.tokenFor(NAMESPACE, 'kserve-authz'), port })
}

export const aNamespace = (name: string): Written => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
})

/** The CRD of AccessPolicies, as it is installed. */
export const accessPolicyCrd = async (): Promise<Written> =>
  writtenOf(load(await readFile(path.join(DEPLOY, 'crd.yaml'), 'utf8')))

/** The policy that refuses misspelt AccessPolicies. */
export const admission = async (): Promise<readonly Written[]> =>
  loadAll(await readFile(path.join(DEPLOY, 'admission.yaml'), 'utf8')).map(writtenOf)

/** Applies an object and, if it has one, its status. */
export async function applyWhole(
  { apply, applyStatus }: Pick<Cluster, 'apply' | 'applyStatus'>,
  { status, ...written }: Written,
) {
  await apply(written)
  if (typeof status === 'object' && status !== null) await applyStatus(written, status)
}

/** An object read from a file. */
export function writtenOf(object: unknown): Written {
  const namespace = textAt(object, 'metadata', 'namespace')
  return {
    ...Object.fromEntries(entriesAt(object)),
    apiVersion: textAt(object, 'apiVersion'),
    kind: textAt(object, 'kind'),
    metadata: {
      ...Object.fromEntries(entriesAt(object, 'metadata')),
      name: textAt(object, 'metadata', 'name'),
      ...(namespace === '' ? {} : { namespace }),
    },
  }
}
