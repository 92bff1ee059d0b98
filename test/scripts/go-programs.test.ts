import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findParts } from '../../scripts/go/find.ts'
import { GO_MODULES } from '../../scripts/go/modules.ts'
import type { GoModule, ModuleFile, Part } from '../../scripts/go/parts.ts'
import { writeProgram } from '../../testing/programs.ts'

let folder = ''
let said: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'go-programs-'))
  said = []
  await mkdir(path.join(folder, 'module'))
  await write('module/go.mod', 'module example.test')
  await write('module/go.sum', '')
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function write(name: string, text: string) {
  const file = path.join(folder, name)
  await writeProgram(file, text)
  return file
}

const PROGRAM = {
  variable: 'EXAMPLE',
  file: 'example',
  source: 'example.test/cmd/example',
  tags: 'small,quick',
  ask: 'version',
  version: '1.2.3',
  versionIn: /^example (\d\S*)/,
}
const FILE: ModuleFile = {
  variable: 'EXAMPLE_FILE',
  file: 'crds.yaml',
  module: 'example.test',
  paths: ['a/b.yaml'],
}

const moduleOf = (...parts: readonly Part[]): GoModule => ({
  folder: path.join(folder, 'module'),
  version: '1.2.3',
  duration: 'a moment',
  parts,
})

const find = async (part: Part, module = moduleOf(PROGRAM)) =>
  (await findParts(module, (line) => said.push(line)))(part)

const speaking = (version: string) => `#!/bin/sh\necho example ${version}\n`

/** A `go` that records its arguments; `build` is the script for `go build`, `$out` its output. */
async function installGo(build: string) {
  await mkdir(path.join(folder, 'bin'), { recursive: true })
  const script = `#!/bin/sh
echo "$CGO_ENABLED $*" >> ${folder}/calls
case $1 in
  build) while [ "$1" != -o ]; do shift; done; out=$2; ${build};;
  list) echo ${folder}/module;;
esac
`
  await write('bin/go', script)
  vi.stubEnv('PATH', `${path.join(folder, 'bin')}:${process.env.PATH}`)
}

const BUILDS = `printf '#!/bin/sh\\necho example 1.2.3\\n' > $out; chmod +x $out`

const callsOfBuild = async () => {
  const calls = await readFile(path.join(folder, 'calls'), 'utf8')
  return calls.split('\n').filter((call) => call.includes(' build '))
}

describe('a program that is built with Go', () => {
  it('is built once, into a folder of the cache that is named after versions and files', async () => {
    await installGo(BUILDS)
    const built = await find(PROGRAM)
    expect(built).toMatch(/\/cache\/kserve-authz\/module-1\.2\.3-[0-9a-f]{12}\/example$/)
    expect(await find(PROGRAM)).toBe(built)
    expect(await callsOfBuild()).toEqual([
      expect.stringMatching(
        /^0 build -v -trimpath -tags small,quick -ldflags -s -w -o \S+ example\.test\/cmd\/example$/,
      ),
    ])
    expect(said).toEqual(['building example 1.2.3 (once; a moment)'])
  })

  it.each(['go.mod', 'go.sum'])('is built again when %s changes', async (name) => {
    await installGo(BUILDS)
    const before = await find(PROGRAM)
    await write(`module/${name}`, 'changed')
    expect(await find(PROGRAM)).not.toBe(before)
  })

  it('is built again when its source in this repository changes', async () => {
    await installGo(BUILDS)
    await mkdir(path.join(folder, 'module/example'))
    await write('module/example/main.go', 'package main')
    const module = moduleOf({ ...PROGRAM, source: './example' })
    const before = await find(PROGRAM, module)
    await write('module/example/main.go', 'package main // changed')
    expect(await find(PROGRAM, module)).not.toBe(before)
  })

  it('includes files of a module', async () => {
    await installGo(BUILDS)
    await mkdir(path.join(folder, 'module/a'))
    await write('module/a/b.yaml', 'kind: CustomResourceDefinition')
    const copy = await find(FILE, moduleOf(PROGRAM, FILE))
    expect(path.basename(copy)).toBe('crds.yaml')
    expect(await readFile(copy, 'utf8')).toBe('kind: CustomResourceDefinition')
  })

  it('joins several files into one', async () => {
    await installGo(BUILDS)
    await write('module/a.yaml', 'a: 1')
    await write('module/b.yaml', 'b: 2')
    const part: ModuleFile = { ...FILE, paths: ['a.yaml', 'b.yaml'] }
    const copy = await find(part, moduleOf(PROGRAM, part))
    expect(await readFile(copy, 'utf8')).toBe('a: 1\n---\nb: 2')
  })

  it('has its files copied again when their paths change, if a module has nothing else', async () => {
    await installGo(BUILDS)
    await write('module/a.yaml', 'a: 1')
    await write('module/b.yaml', 'b: 2')
    const contentOf = async (...names: [string, ...string[]]) => {
      const part: ModuleFile = { ...FILE, paths: names }
      return readFile(await find(part, moduleOf(part)), 'utf8')
    }
    expect(await contentOf('a.yaml')).toBe('a: 1')
    expect(await contentOf('a.yaml', 'b.yaml')).toBe('a: 1\n---\nb: 2')
  })

  it('joins all YAML files below a folder of a module', async () => {
    await installGo(BUILDS)
    for (const name of ['crds/b.yaml', 'crds/deeper/a.yaml', 'crds/README.md']) {
      await mkdir(path.dirname(path.join(folder, 'module', name)), { recursive: true })
      await write(`module/${name}`, `kind: ${path.basename(name)}`)
    }
    const part: ModuleFile = { ...FILE, paths: ['crds'] }
    const copy = await find(part, moduleOf(PROGRAM, part))
    expect(await readFile(copy, 'utf8')).toBe('kind: b.yaml\n---\nkind: a.yaml')
  })

  it('is built with edited files of a module if it has edits', async () => {
    const modfile = `printf '#!/bin/sh\\necho example 1.2.3\\n' > $out; chmod +x $out
      cp -r "$(dirname "$out")/overlay" ${folder}/kept || true`
    await installGo(modfile)
    await mkdir(path.join(folder, 'module/listen'))
    await write('module/listen/port.go', 'const address = "0.0.0.0"\n')
    const edit = { file: 'listen/port.go', replace: [['"0.0.0.0"', '"127.0.0.1"']] as const }
    const edits = { module: 'example.test/listening', edits: [edit] }
    const built = await find(PROGRAM, moduleOf({ ...PROGRAM, edits }))
    expect(built).not.toBe(await find(PROGRAM))
    const [call = ''] = await callsOfBuild()
    expect(call).toMatch(/ -modfile (\S+)\/go\.mod -overlay \1\/overlay\.json /)
    const kept = (name: string) => readFile(path.join(folder, 'kept', name), 'utf8')
    expect(await kept('0-port.go')).toBe('const address = "127.0.0.1"\n')
    expect(await kept('go.mod')).toBe('module example.test')
    expect(await readFile(path.join(folder, 'calls'), 'utf8')).toMatch(
      / mod edit -replace=example\.test\/listening=\S+\/overlay\/source \S+\/overlay\/go\.mod\n/,
    )
    expect(await readFile(path.join(folder, 'module/listen/port.go'), 'utf8')).toContain('0.0.0.0')
    expect(Object.keys(JSON.parse(await kept('overlay.json')).Replace)).toEqual([
      expect.stringMatching(/\/source\/listen\/port\.go$/),
    ])
    expect(await readdir(path.dirname(built))).toEqual(['example'])
  })

  it('is built while another has the same edits', async () => {
    await installGo(BUILDS)
    await write('module/port.go', 'listen(all)')
    const edits = {
      module: 'example.test',
      edits: [{ file: 'port.go', replace: [['all', 'one']] as const }],
    }
    const first = { ...PROGRAM, edits }
    const other = { ...first, variable: 'OTHER', file: 'other' }
    const home = path.dirname(await find(first, moduleOf(first, other)))
    expect(await readdir(home)).toEqual(['example', 'other'])
  })

  it.each(['nothing', '""'])(
    'is not built if the text of an edit does not occur exactly once: %s',
    async (from) => {
      await installGo(BUILDS)
      await mkdir(path.join(folder, 'module/listen'))
      await write('module/listen/port.go', 'const one, other = "", ""\n')
      const edits = {
        module: 'm',
        edits: [{ file: 'listen/port.go', replace: [[from, '']] as const }],
      }
      await expect(find(PROGRAM, moduleOf({ ...PROGRAM, edits }))).rejects.toThrow(
        `listen/port.go must contain this text exactly once: ${JSON.stringify(from)}`,
      )
    },
  )

  it.each([
    ['the compiler refuses', 'echo it is broken >&2; exit 1', 'example is not built: it is broken'],
    [
      'Go is too old',
      'echo go: example requires go ">=" 1.99.0; exit 1',
      'example needs Go 1.99.0 or newer: install it, or set EXAMPLE to an existing file',
    ],
    [
      'the network is unavailable',
      'echo dial tcp: lookup proxy; exit 1',
      'example is not built: Go cannot reach its module proxy; try again, or set EXAMPLE to an existing file',
    ],
  ])('leaves nothing behind and reports it if %s', async (_title, build, complaint) => {
    await installGo(build)
    await expect(find(PROGRAM)).rejects.toThrow(new Error(complaint))
    expect(await readdir(path.join(folder, 'cache/kserve-authz'))).toEqual([])
  })

  it('reports in one sentence that Go is missing', async () => {
    vi.stubEnv('PATH', path.join(folder, 'nothing'))
    await expect(find(PROGRAM)).rejects.toThrow(
      new Error(
        'example must be built with Go, which is missing: install Go, or set EXAMPLE to an existing file',
      ),
    )
  })

  it('is refused when the cache holds another version', async () => {
    await installGo(BUILDS.replace('1.2.3', '1.2.4'))
    await expect(find(PROGRAM)).rejects.toThrow(/holds \S+, which is not example 1\.2\.3$/)
  })
})

describe('a program that an environment variable names', () => {
  it('is used whatever its version, and nothing is built', async () => {
    const own = await write('own', speaking('0.9.0'))
    vi.stubEnv('EXAMPLE', own)
    expect(await find(PROGRAM)).toBe(own)
    expect(said).toEqual([])
  })

  it.each([
    ['does not exist', undefined],
    ['is not example', '#!/bin/sh\necho other 1.2.3\n'],
    ['does not run: no', '#!/bin/sh\necho no\nexit 1\n'],
  ])('is refused if it %s', async (fault, script) => {
    const own = path.join(folder, 'own')
    if (script !== undefined) await write('own', script)
    vi.stubEnv('EXAMPLE', own)
    await expect(find(PROGRAM)).rejects.toThrow(
      new Error(`the environment variable EXAMPLE names ${own}, which ${fault}`),
    )
  })
})

describe('the modules', () => {
  it.each(Object.entries(GO_MODULES))(
    '%s requires the versions that it names',
    async (_, module) => {
      const required = await readFile(path.join(module.folder, 'go.mod'), 'utf8')
      for (const version of module.version.split('-etcd-').map(moduleVersion)) {
        expect(required).toContain(version)
      }
    },
  )

  it('have different variables', () => {
    const variables = Object.values(GO_MODULES).flatMap(({ parts }) =>
      parts.map(({ variable }) => variable),
    )
    expect(new Set(variables).size).toBe(variables.length)
  })
})

/** Istio's is a commit; Prometheus 3.15.0 is the module's v0.315.0. */
function moduleVersion(version: string): string {
  const [major, minor, patch] = version.split('.')
  if (version === GO_MODULES.prometheus.version)
    return `v0.${major}${minor?.padStart(2, '0')}.${patch}`
  return version.includes('-') ? (version.split('-').at(-1) ?? '') : `v${version}`
}
