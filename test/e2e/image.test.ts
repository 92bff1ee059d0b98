import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import lockfile from '../../package-lock.json' with { type: 'json' }
import { baseImagesOf } from '../../scripts/base-images.ts'
import { packagesOf } from '../../scripts/lockfile.ts'
import { sbomOf } from '../../scripts/sbom.ts'
import { verdictOf } from '../../testing/cluster/asking.ts'
import { checkClient } from '../../testing/envoy/check-client.ts'
import { filesIn } from '../../testing/image/build.ts'
import { type BuiltImage, buildOwnImage, programOf } from '../../testing/image/own-image.ts'
import { startService } from '../../testing/service.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const KEY = 'demo-key-of-fraud-not-a-secret'

let image: BuiltImage
let files: Awaited<ReturnType<typeof filesIn>>

beforeAll(async () => {
  image = await buildOwnImage()
  files = await filesIn(image.root)
})
afterAll(() => image?.remove())

describe('the image', () => {
  it('contains the program, its dependencies, Node.js, and nothing else', () => {
    const folders = (depth: number) =>
      [...new Set(files.map(({ file }) => file.split('/').slice(0, depth).join('/')))].toSorted()
    expect(folders(1)).toEqual(['app', 'usr'])
    expect(folders(2).filter((file) => file.startsWith('app/'))).toEqual([
      'app/.compile-cache',
      'app/LICENSE',
      'app/NOTICE',
      'app/node_modules',
      'app/package-lock.json',
      'app/package.json',
      'app/proto',
      'app/src',
    ])
    expect(files.filter(({ file }) => file.startsWith('usr/')).map(({ file }) => file)).toEqual([
      'usr/local',
      'usr/local/bin',
      'usr/local/bin/node',
    ])
  })

  it('contains the runtime packages, and no development packages', () => {
    const names = new Set(files.map(({ file }) => file))
    const has = (place: string) => names.has(`app/${place}`)
    const packages = Object.entries(packagesOf(lockfile)).filter(([place]) => place !== '')
    const development = packages.filter(([, entry]) => entry.dev === true)
    expect(development.filter(([place]) => has(place))).toEqual([])
    const wanted = Object.keys(manifest.dependencies).map((name) => `node_modules/${name}`)
    expect(wanted.filter((place) => !has(place))).toEqual([])
    expect(has('node_modules/npm')).toBe(false)
  })

  it('adds less to its base than the page of the installation says', () => {
    const page = readFileSync(path.join(ROOT, 'docs/installation.md'), 'utf8')
    const [, said] = /adds less than (\d+) MB to the base image/.exec(page) ?? []
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    expect(bytes / 1_000_000).toBeLessThan(Number(said))
    expect(bytes / 1_000_000).toBeGreaterThan(Number(said) / 2)
  })

  it('is readable by any user', () => {
    expect(files.filter(({ mode }) => (mode & 0o004) === 0)).toEqual([])
  })

  it('runs without write access, and with read access only to itself and its mounts', async () => {
    const service = await startService({
      folder: path.join(ROOT, 'examples/quickstart'),
      program: (readable) => programOf(image, readable),
    })
    const client = checkClient(service.grpcPort)
    const fraud = { host: 'fraud-demo.example.com', path: '/v1/models/fraud:predict' }
    expect(await verdictOf(client, fraud)).toBe('missing-credential')
    expect(await verdictOf(client, { ...fraud, token: KEY })).toBe('allow')
    client.close()
    await service.stop()
    expect(await service.ended).toBe('the service ended with exit code 0')
    expect(await filesIn(image.root)).toEqual(files)
  })

  it('starts from compiled code', async () => {
    const { root, workingFolder, variables, entrypoint } = image
    const folder = variables.NODE_COMPILE_CACHE ?? ''
    const settings = Object.entries({
      ...variables,
      NODE_COMPILE_CACHE: path.join(root, folder),
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
    }).map(([name, value]) => `${name}=${value}`)
    const [program = '', ...flags] = entrypoint
    const service = await startService({
      folder: path.join(ROOT, 'examples/quickstart'),
      program: () => ({
        command: ['env', ...settings, path.join(root, program), ...flags],
        cwd: path.join(root, workingFolder),
      }),
    })
    await service.stop()
    const lines = service.log.filter((line) => typeof line === 'string')
    const those = (words: RegExp) => lines.filter((line) => words.test(line))
    expect(those(/V8 code cache for .* was accepted/).length).toBeGreaterThan(400)
    expect(those(/no transpile cache|was not initialized|rejected/)).toEqual([])
  })

  it('says what it is (OCI image annotations)', () => {
    const base = baseImagesOf(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')).at(-1)
    const named = (field: string) => `org.opencontainers.image.${field}`
    expect(image.labels).toEqual({
      [named('title')]: manifest.name,
      [named('description')]: manifest.description,
      [named('version')]: manifest.version,
      [named('licenses')]: manifest.license,
      [named('base.name')]: base?.tag,
      [named('base.digest')]: base?.digest,
    })
  })

  it('contains every package of its bill of materials for this platform, and no other', () => {
    const places = files
      .map(({ file }) =>
        /^app\/(.*node_modules\/(?:@[^/]+\/)?[^/@.][^/]*)\/package\.json$/.exec(file),
      )
      .flatMap((found) => found?.[1] ?? [])
    const packages = packagesOf(lockfile)
    const named = places.map(
      (place) => `${place.split('node_modules/').at(-1)}@${String(packages[place]?.version)}`,
    )
    const refs = new Set(sbomOf(lockfile).components.map((component) => component['bom-ref']))
    expect(named.length).toBeGreaterThan(80)
    expect(named.filter((name) => !refs.has(name))).toEqual([])
  })

  it('serves with default settings', () => {
    expect(image.command).toEqual(['serve'])
  })
})
