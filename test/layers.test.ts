import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Each folder of src that contains files. */
const FOLDERS = [
  ...new Set(
    globSync('*/**/*.ts', { cwd: path.join(ROOT, 'src') }).map((file) => path.dirname(file)),
  ),
].sort()

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

const PURE = ['access', 'common', 'resources']
const CLUSTER = [...PURE, 'kubernetes/client', 'kubernetes/watch']
const WIRED = FOLDERS.filter((folder) => !['app', 'cli', 'doctor', 'http2'].includes(folder))

/** The allowed imports of each folder besides its own files: folders, and packages. */
const ALLOWED: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  access: [['common'], []],
  app: [WIRED, NODE],
  cli: [
    [...WIRED, 'app', 'doctor'],
    [...NODE, 'commander', 'js-yaml'],
  ],
  common: [[], [...NODE, 'lru-cache']],
  config: [
    ['access', 'common'],
    [...NODE, 'fastest-levenshtein', 'js-yaml', 'zod'],
  ],
  doctor: [[...CLUSTER, 'manifests'], []],
  envoy: [
    ['access', 'common', 'http2'],
    [...NODE, '@grpc/proto-loader', 'grpc-health-check'],
  ],
  http2: [['common'], NODE],
  'kubernetes/client': [['common'], [...NODE, '@kubernetes/client-node']],
  'kubernetes/reviews': [CLUSTER, NODE],
  'kubernetes/status': [CLUSTER, NODE],
  'kubernetes/watch': [[...PURE, 'kubernetes/client'], NODE],
  manifests: [PURE, [...NODE, 'js-yaml']],
  observability: [
    ['access', 'common'],
    [...NODE, 'pino', 'prom-client'],
  ],
  resources: [['access', 'common'], []],
  tokens: [
    ['access', 'common'],
    [...NODE, 'jose'],
  ],
}

const statement = (from: string) => `import '${from}'`

/** A file of one folder, as another folder imports it. */
const nearIn = (folder: string, of: string) => `${path.relative(folder, of) || '.'}/near.ts`

function linesIn(folder: string): string[] {
  const files = FOLDERS.map((name) => nearIn(folder, name))
  const tops = ['../', '../../'].map((up) => `${up}main.ts`)
  return [...files, ...tops, ...ALIKE, ...NODE, ...PACKAGES].map(statement)
}

const LINES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(FOLDERS.map((name) => [`src/${name}/example.ts`, linesIn(name)])),
  'src/main.ts': [...FOLDERS.map((name) => `./${name}/near.ts`), ...NODE, ...PACKAGES].map(
    statement,
  ),
  'src/access/refused.ts': FORMS.map((form) => form('jose')),
  'src/access/near.ts': FORMS.map((form) => form('./example.ts')),
  'src/access/caches.ts': [statement('../common/cache.ts')],
  'src/resources/caches.ts': [statement('../common/cache.ts')],
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

/** The imports of a file: either the allowed or the refused ones. */
function importsOf(file: string, kind: 'allowed' | 'refused'): string[] {
  const lines = LINES[file] ?? []
  return lines
    .filter((_line, index) => refused.has(`${file}:${index + 1}`) === (kind === 'refused'))
    .map((line) => line.replace(/.*'(.*)'.*/, '$1'))
}

describe('the linter allows', () => {
  it.each(FOLDERS)('%s/ to import its own files, and those of its rule', (name) => {
    const [folders, packages] = ALLOWED[name] ?? [[], []]
    const files = folders.map((each) => nearIn(name, each))
    const allowed = importsOf(`src/${name}/example.ts`, 'allowed')
    expect(new Set(allowed)).toEqual(new Set(['./near.ts', ...files, ...packages]))
  })

  it('main.ts to import everything', () => {
    expect(importsOf('src/main.ts', 'refused')).toEqual([])
  })
})

describe('the import rule', () => {
  it('exists for each existing folder, and for no other', () => {
    expect(Object.keys(ALLOWED).sort()).toEqual(FOLDERS)
  })

  it('allows only main.ts next to the folders', () => {
    expect(globSync('*.ts', { cwd: path.join(ROOT, 'src') })).toEqual(['main.ts'])
  })

  it('applies to every form of import', () => {
    expect(importsOf('src/access/refused.ts', 'allowed')).toEqual([])
    expect(importsOf('src/access/near.ts', 'refused')).toEqual([])
  })

  it('keeps caches out of pure folders', () => {
    expect(importsOf('src/access/caches.ts', 'allowed')).toEqual([])
    expect(importsOf('src/resources/caches.ts', 'allowed')).toEqual([])
  })

  it('gives each dependency a folder', () => {
    const homes = FOLDERS.map((name) => `src/${name}/example.ts`)
    const imported = new Set(homes.flatMap((file) => importsOf(file, 'allowed')))
    expect(Object.keys(manifest.dependencies).filter((name) => !imported.has(name))).toEqual([])
  })
})

describe('each file of src', () => {
  const files = globSync('**/*.ts', { cwd: path.join(ROOT, 'src') })

  it('starts with a unique line that describes its purpose', () => {
    const heads = new Map<string, string>()
    const faulty = files.filter((file) => {
      const text = readFileSync(path.join(ROOT, 'src', file), 'utf8').replace(/^#!.*\n/, '')
      const [, head = ''] = /^\/\/ ([A-Z].{15,}\.)\n\n/.exec(text) ?? []
      const isOwn = head !== '' && !heads.has(head)
      heads.set(head, file)
      return !isOwn
    })
    expect(files.length).toBeGreaterThan(200)
    expect(faulty).toEqual([])
  })
})

describe('the names in src', () => {
  const files = globSync('**/*.ts', { cwd: path.join(ROOT, 'src') })
  const textOf = (file: string) => readFileSync(path.join(ROOT, 'src', file), 'utf8')

  it('are exported once each', () => {
    const EXPORT = /^export (?:async )?(?:function\*?|class|type|const) (\w+)/gm
    const names = files.flatMap((file) =>
      [...textOf(file).matchAll(EXPORT)].map(([, name]) => name),
    )
    expect(names.length).toBeGreaterThan(500)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('of files in one folder differ by more than one letter', () => {
    const alike = FOLDERS.flatMap((name) => {
      const own = files.filter((file) => path.dirname(file) === name)
      const stems = own.map((file) => path.basename(file, '.ts'))
      return stems.filter((stem) => stems.includes(`${stem}s`))
    })
    expect(alike).toEqual([])
  })
})
