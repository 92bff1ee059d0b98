import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { textAt } from '../../testing/json.ts'
import type { Growth } from './growth.ts'
import type { Target } from './target.ts'

export const CORPUS = path.join(import.meta.dirname, '../fixtures/fuzz')

type Seed = { readonly file: string; readonly input: Buffer }

/**
 * The stored inputs of one target, each in a file. `.b64` files are base64; formatters must not change the others.
 */
export type Corpus = {
  readonly seeds: () => readonly Seed[]
  /** Growths that once took superlinear time. */
  readonly growths: () => readonly Growth[]
  /** Both return the path of the new file. */
  readonly keep: (prefix: string, input: Uint8Array) => string
  readonly keepGrowth: (growth: Growth) => string
}

const GROWS = 'grows'
const BASE64 = '.b64'

export function openCorpus({ name }: Pick<Target, 'name'>, root = CORPUS): Corpus {
  const folder = path.join(root, name)
  const files = () => (existsSync(folder) ? readdirSync(folder).toSorted() : [])
  const isGrowth = (file: string) => file.startsWith(GROWS)

  const keep = (prefix: string, input: Uint8Array): string => {
    mkdirSync(folder, { recursive: true })
    const bytes = Buffer.from(input)
    const extension = isReadable(bytes) ? '.txt' : BASE64
    const file = path.join(folder, `${prefix}-${hash('sha256', bytes).slice(0, 8)}${extension}`)
    writeFileSync(file, extension === BASE64 ? `${bytes.toString('base64')}\n` : bytes)
    return file
  }

  return {
    seeds: () =>
      files()
        .filter((file) => !isGrowth(file))
        .map((file) => ({ file, input: readSeed(path.join(folder, file)) })),
    growths: () =>
      files()
        .filter(isGrowth)
        .map((file) => readGrowth(path.join(folder, file))),
    keep,
    keepGrowth: (growth) => keep(GROWS, Buffer.from(`${JSON.stringify(growth, null, 2)}\n`)),
  }
}

function readSeed(file: string): Buffer {
  const bytes = readFileSync(file)
  return file.endsWith(BASE64) ? Buffer.from(bytes.toString(), 'base64') : bytes
}

function readGrowth(file: string): Growth {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const [before, repeated, after] = [
    textAt(content, 'before'),
    textAt(content, 'repeated'),
    textAt(content, 'after'),
  ]
  return { before, repeated, after }
}

// Version control and editors would change other line endings.
const PLAIN = /^[\n\x20-\x7e]*$/

const isReadable = (bytes: Buffer): boolean => PLAIN.test(bytes.toString('latin1'))
