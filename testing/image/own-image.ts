import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { copyProgram } from '../programs.ts'
import type { Program } from '../service.ts'
import { buildImage, type Image } from './build.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export type BuiltImage = Image & { readonly remove: () => Promise<void> }

/** Our image, with the Node.js that runs the tests instead of the one from its base. */
export async function buildOwnImage(): Promise<BuiltImage> {
  const into = await mkdtemp(path.join(tmpdir(), 'image-'))
  const remove = () => rm(into, { recursive: true, force: true, maxRetries: 5 })
  try {
    const image = await buildImage({
      context: ROOT,
      into,
      bases: { node: layNode, 'gcr.io/distroless/cc-debian13': async () => {} },
    })
    return { ...image, remove }
  } catch (fault) {
    await remove()
    throw fault
  }
}

async function layNode(root: string) {
  const folder = path.join(root, 'usr/local/bin')
  await mkdir(folder, { recursive: true })
  await copyProgram(process.execPath, path.join(folder, 'node'))
}

/**
 * The command that starts it as a container would. Node.js itself denies all writes, and reads outside the image and
 * these files and folders.
 */
export function programOf(
  { root, workingFolder, entrypoint: [program = '', ...flags] }: Image,
  readable: readonly string[],
): Program {
  const allowed = [root, ...readable].map((place) => `--allow-fs-read=${place}`)
  return {
    command: [path.join(root, program), '--permission', ...allowed, ...flags],
    cwd: path.join(root, workingFolder),
  }
}
