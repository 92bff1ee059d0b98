import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { at, textAt } from '../json.ts'
import type { Cluster } from './cluster.ts'
import { aNamespace, applyWhole, writtenOf } from './installation.ts'
import { clusterSigner, tokenSecretOf } from './tokens.ts'

const EXAMPLES = path.join(import.meta.dirname, '../../examples')

/**
 * Applies the manifests of an example to a cluster. Its token Secrets get real tokens: resolves with these, by the
 * name of the Secret.
 */
export async function applyExample(
  cluster: Cluster,
  example: string,
  namespace: string,
): Promise<ReadonlyMap<string, string>> {
  const objects = await documentsIn(await manifestsOf(example))
  await cluster.apply(aNamespace(namespace))
  await applyObjects(
    cluster,
    objects.filter((object) => !isToken(object)),
  )
  return applyTokens(cluster, namespace, objects)
}

/** Creates the token Secrets among these objects, each with a real token. */
export async function applyTokens(
  cluster: Cluster,
  namespace: string,
  objects: readonly unknown[],
): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map<string, string>()
  for (const object of objects.filter(isToken)) {
    const name = textAt(object, 'metadata', 'name')
    tokens.set(name, await applyToken(cluster, namespace, name, object))
  }
  return tokens
}

export const isToken = (object: unknown) =>
  at(object, 'type') === 'kubernetes.io/service-account-token'

/** The files of an example's manifests. */
export async function manifestsOf(example: string): Promise<readonly string[]> {
  const folder = path.join(EXAMPLES, example, 'manifests')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
  return files.map((name) => path.join(folder, name))
}

export async function documentsIn(files: readonly string[]): Promise<readonly unknown[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.flatMap((text) => loadAll(text))
}

/** Applies files without tokens, and their namespaces. */
export async function applyManifests(cluster: Cluster, files: readonly string[]) {
  const objects = await documentsIn(files)
  const namespaces = new Set(objects.map((object) => textAt(object, 'metadata', 'namespace')))
  for (const name of namespaces) if (name !== '') await cluster.apply(aNamespace(name))
  await applyObjects(cluster, objects)
}

export async function applyObjects(cluster: Cluster, objects: readonly unknown[]) {
  for (const object of objects) await applyWhole(cluster, writtenOf(object))
}

async function applyToken(
  cluster: Cluster,
  namespace: string,
  name: string,
  object: unknown,
): Promise<string> {
  const account = textAt(object, 'metadata', 'annotations', 'kubernetes.io/service-account.name')
  const token = await clusterSigner(cluster).legacy(namespace, account, name)
  await cluster.apply(tokenSecretOf(namespace, account, name, token))
  return token
}
