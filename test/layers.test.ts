import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const FOLDERS = [
  'access',
  'resources',
  'envoy',
  'kubernetes',
  'manifests',
  'tokens',
  'caches',
  'observability',
  'cli',
  'config',
]
const CONFIG = ['fastest-levenshtein', 'js-yaml', 'zod']
const NODE = ['node:fs', 'node:fs/promises']
const PACKAGES = [...new Set([...Object.keys(manifest.dependencies), 'anything-new'])]
const ALIKE = ['../../test/near.ts', './../envoy/near.ts', '../access/../tokens/near.ts']
const FORMS = [
  (from: string) => `import '${from}'`,
  (from: string) => `import type { Thing } from '${from}'`,
  (from: string) => `export * from '${from}'`,
  (from: string) => `export type { Thing } from '${from}'`,
  (from: string) => `export const thing = await import('${from}')`,
]

const statement = (from: string) => `import '${from}'`

function linesIn(folder: string): string[] {
  const others = FOLDERS.filter((name) => name !== folder).map((name) => `../${name}/near.ts`)
  const files = ['./near.ts', ...others, '../main.ts', '../config.ts', ...ALIKE]
  return [...files, ...NODE, ...PACKAGES].map(statement)
}

const LINES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(FOLDERS.map((name) => [`src/${name}/example.ts`, linesIn(name)])),
  'src/config.ts': [...FOLDERS.map((name) => `./${name}/near.ts`), ...NODE, ...PACKAGES].map(
    statement,
  ),
  'src/main.ts': [...FOLDERS.map((name) => `./${name}/near.ts`), ...NODE, ...PACKAGES].map(
    statement,
  ),
  'src/access/refused.ts': FORMS.map((form) => form('jose')),
  'src/access/near.ts': FORMS.map((form) => form('./example.ts')),
}

let folder = ''
let refused = new Set<string>()

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'layers-'))
  await cp(path.join(ROOT, 'biome.json'), path.join(folder, 'biome.json'))
  for (const [file, text] of Object.entries(LINES)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), `${text.join('\n')}\n`)
  }
  refused = await refusedLines(folder)
})

afterAll(() => rm(folder, { recursive: true }))

/** The lines that break the import rule, as `file:line`. */
async function refusedLines(cwd: string): Promise<Set<string>> {
  const biome = path.join(ROOT, 'node_modules/.bin/biome')
  const flags = ['--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=github']
  const output = await new Promise<string>((resolve) => {
    execFile(biome, ['lint', ...flags], { cwd }, (_error, stdout) => resolve(stdout))
  })
  const finding = /noRestrictedImports,file=[^,]*(src\/[^,]+),line=(\d+),/g
  return new Set([...output.matchAll(finding)].map(([, file, line]) => `${file}:${line}`))
}

/** What the lines of a file import: those that are allowed, or those that are refused. */
function importsOf(file: string, kind: 'allowed' | 'refused'): string[] {
  const lines = LINES[file] ?? []
  return lines
    .filter((_line, index) => refused.has(`${file}:${index + 1}`) === (kind === 'refused'))
    .map((line) => line.replace(/.*'(.*)'.*/, '$1'))
}

describe('the linter lets', () => {
  it.each([
    ['access', []],
    ['resources', ['../access/near.ts']],
    [
      'envoy',
      ['../access/near.ts', ...NODE, '@grpc/grpc-js', '@grpc/proto-loader', 'grpc-health-check'],
    ],
    [
      'kubernetes',
      ['../access/near.ts', '../resources/near.ts', ...NODE, '@kubernetes/client-node'],
    ],
    ['manifests', ['../access/near.ts', '../resources/near.ts', ...NODE, 'js-yaml']],
    ['tokens', ['../access/near.ts', ...NODE, 'jose']],
    ['caches', ['../access/near.ts', ...NODE, 'lru-cache']],
    ['observability', ['../access/near.ts', ...NODE, 'pino', 'prom-client']],
    ['cli', ['../access/near.ts', ...NODE, 'commander']],
    ['config', ['../access/near.ts', ...NODE, ...CONFIG]],
  ])('%s/ import only its own files and %j', (name, others) => {
    const allowed = importsOf(`src/${name}/example.ts`, 'allowed')
    expect(new Set(allowed)).toEqual(new Set(['./near.ts', ...others]))
  })

  it('config.ts import only access/ and its own packages', () => {
    const allowed = importsOf('src/config.ts', 'allowed')
    const files = ['./access/near.ts', './config/near.ts']
    expect(new Set(allowed)).toEqual(new Set([...files, ...NODE, ...CONFIG]))
  })

  it('main.ts import everything', () => {
    expect(importsOf('src/main.ts', 'refused')).toEqual([])
  })
})

describe('the import rule', () => {
  it('holds for every form of import', () => {
    expect(importsOf('src/access/refused.ts', 'allowed')).toEqual([])
    expect(importsOf('src/access/near.ts', 'refused')).toEqual([])
  })

  it('gives each dependency a home', () => {
    const homes = [...FOLDERS.map((name) => `src/${name}/example.ts`), 'src/config.ts']
    const imported = new Set(homes.flatMap((file) => importsOf(file, 'allowed')))
    expect(Object.keys(manifest.dependencies).filter((name) => !imported.has(name))).toEqual([])
  })
})
