import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type FolderLimits, followFolder } from '../../src/manifests/folder.ts'

/** A temporary folder that is removed after the test. */
export async function aFolder(files: Readonly<Record<string, string>> = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'manifests-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const at = (name: string) => path.join(root, name)
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(at(name)), { recursive: true })
    await writeFile(at(name), text)
  }
  /** As editors do: written to another file, then renamed. */
  const replace = async (name: string, text: string) => {
    await write(`${name}.tmp`, text)
    await rename(at(`${name}.tmp`), at(name))
  }
  /** As the kubelet mounts a ConfigMap: links into a folder that is swapped as a whole. */
  const mount = async (version: string, files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await write(`..${version}/${name}`, text)
    await symlink(`..${version}`, at('..data_tmp'))
    await rename(at('..data_tmp'), at('..data'))
    for (const name of Object.keys(files))
      await symlink(path.join('..data', name), at(name)).catch(() => undefined)
  }
  for (const [name, text] of Object.entries(files)) await write(name, text)
  return {
    root,
    at,
    write,
    replace,
    mount,
    remove: (name: string) => rm(at(name), { recursive: true }),
  }
}

/** A machine may be busy. */
const DEADLINE_MS = 60_000

/** Waits until a condition holds; returns how long that took, in milliseconds. */
export async function until(holds: () => boolean): Promise<number> {
  const started = performance.now()
  while (!holds()) {
    if (performance.now() - started > DEADLINE_MS)
      throw new Error(`still waiting after ${DEADLINE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - started
}

/** Watches a folder and stores the text of each file; `undefined` is unreadable. */
export async function follow(root: string, limits: Partial<FolderLimits> = {}) {
  const texts = new Map<string, string | undefined>()
  const steps: string[][] = []
  const folder = await followFolder<string>({
    folder: root,
    read: async (_path, bytes) => new TextDecoder().decode(bytes),
    apply: async (changes) => {
      steps.push(changes.map(({ path, kind }) => `${kind} ${path}`))
      for (const change of changes) {
        if (change.kind === 'gone') texts.delete(change.path)
        else texts.set(change.path, change.kind === 'read' ? change.content : undefined)
      }
    },
    report: (fault) => expect.unreachable(fault),
    limits: { settleMs: 20, ...limits },
  })
  onTestFinished(folder.close)
  const shows = (expected: Readonly<Record<string, string | undefined>>) => () =>
    texts.size === Object.keys(expected).length &&
    Object.entries(expected).every(([name, text]) => texts.has(name) && texts.get(name) === text)
  return { ...folder, texts, steps, shows }
}
