import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { dump, loadAll } from 'js-yaml'
import { z } from 'zod'
import type { Change } from './data.ts'

const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})
type Manifest = z.infer<typeof manifest>
type Identity = { readonly kind: string; readonly name: string }

/** Changes a folder of manifests as kubectl would change a cluster. `example` contains the files to apply. */
export async function changeManifests(folder: string, example: string, change: Change) {
  const files = await readFolder(folder)
  if ('apply' in change) return apply(folder, files, path.join(example, change.apply))
  const { kind, name } = 'delete' in change ? change.delete : change.patch
  const found = [...files].find(([, manifests]) => manifests.some(is({ kind, name })))
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  const [file, manifests] = found
  const changed =
    'delete' in change
      ? manifests.filter((each) => !is({ kind, name })(each))
      : manifests.map((each) => (is({ kind, name })(each) ? merged(each, change.merge) : each))
  await write(path.join(folder, file), changed)
}

async function apply(folder: string, files: Awaited<ReturnType<typeof readFolder>>, from: string) {
  const given = await readManifests(from)
  const isGiven = (each: Manifest) => given.some(is(identityOf(each)))
  const target = path.basename(from)
  for (const [file, manifests] of files) {
    if (file !== target && manifests.some(isGiven)) {
      throw new Error(`${from} and ${file} hold the same object`)
    }
  }
  const others = (files.get(target) ?? []).filter((each) => !isGiven(each))
  await write(path.join(folder, target), [...others, ...given])
}

const identityOf = ({ kind, metadata }: Manifest): Identity => ({ kind, name: metadata.name })

const is = (one: Identity) => (each: Manifest) =>
  each.kind === one.kind && each.metadata.name === one.name

async function readFolder(folder: string): Promise<ReadonlyMap<string, Manifest[]>> {
  const files = await readdir(folder)
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, await readManifests(path.join(folder, file))] as const),
    ),
  )
}

const readManifests = async (file: string) =>
  z.array(manifest).parse(loadAll(await readFile(file, 'utf8')))

async function write(file: string, manifests: readonly Manifest[]) {
  if (manifests.length === 0) return rm(file)
  await writeFile(file, manifests.map((each) => dump(each)).join('---\n'))
}

const merged = (target: Manifest, patch: unknown): Manifest => manifest.parse(merge(target, patch))

/** RFC 7386: null removes a field, objects are merged, everything else is replaced. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const fields = new Map(Object.entries(isRecord(target) ? target : {}))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name)
    else fields.set(name, merge(fields.get(name), value))
  }
  return Object.fromEntries(fields)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
