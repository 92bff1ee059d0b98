import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Edits of source files that a program needs to run in tests. */
export type SourceEdits = { readonly module: string; readonly edits: readonly Edit[] }

export type Edit = {
  /** Path in its module. */
  readonly file: string
  /** Each text occurs exactly once. */
  readonly replace: readonly (readonly [from: string, to: string])[]
}

type Places = {
  /** The folder of the go.mod that requires the edited module. */
  readonly requiring: string
  /** The source of that module. */
  readonly source: string
  /** Folder for the written files; it may be removed after the build. */
  readonly folder: string
}

type Overlay = {
  /** Flags that make `go build` use edited files of a required module. */
  readonly flags: readonly string[]
  /** A command to run first: go.mod may already replace that module. */
  readonly replace: readonly [string, ...string[]]
}

export async function writeOverlay(
  { module, edits }: SourceEdits,
  { requiring, source, folder }: Places,
): Promise<Overlay> {
  const inFolder = (name: string) => path.join(folder, name)
  await mkdir(folder, { recursive: true })
  // Go cannot overlay files of its own cache, but it can overlay those of a folder that links there.
  const link = inFolder('source')
  await symlink(source, link)
  for (const name of ['go.mod', 'go.sum'])
    await copyFile(path.join(requiring, name), inFolder(name))
  const replaced: Record<string, string> = {}
  for (const [index, { file, replace }] of edits.entries()) {
    const changed = inFolder(`${index}-${path.basename(file)}`)
    const text = await readFile(path.join(source, file), 'utf8')
    await writeFile(
      changed,
      replace.reduce((before, edit) => replaceOnce(file, before, edit), text),
    )
    replaced[path.join(link, file)] = changed
  }
  await writeFile(inFolder('overlay.json'), JSON.stringify({ Replace: replaced }))
  return {
    flags: ['-modfile', inFolder('go.mod'), '-overlay', inFolder('overlay.json')],
    replace: ['go', 'mod', 'edit', `-replace=${module}=${link}`, inFolder('go.mod')],
  }
}

function replaceOnce(
  file: string,
  text: string,
  [from, to]: readonly [from: string, to: string],
): string {
  const [before, after, ...others] = text.split(from)
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(`${file} must contain this text exactly once: ${JSON.stringify(from)}`)
  }
  return before + to + after
}
