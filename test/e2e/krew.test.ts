import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import program from '../../package.json' with { type: 'json' }
import { ARCHIVE, writePlugin } from '../../scripts/krew.ts'
import { findKubectl } from '../../scripts/kubectl.ts'
import { listAt, textAt } from '../../testing/json.ts'

const HOMEPAGE = 'https://example.com/owner/repository'
const BIN = 'kubectl-kserve_authz'
const COMPLETE = 'kubectl_complete-kserve_authz'

const start = promisify(execFile)

let folder = ''
let manifest: unknown
/** The folder of Krew in `PATH`. */
let bin = ''

/** As Krew installs a plugin: the files of the archive in a store, and a link to the program. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'krew-test-'))
  writePlugin(HOMEPAGE, folder)
  manifest = load(await readFile(path.join(folder, 'kserve-authz.yaml'), 'utf8'))
  const store = path.join(folder, 'store')
  bin = path.join(folder, 'bin')
  await Promise.all([mkdir(store), mkdir(bin)])
  await start('tar', ['-xzf', path.join(folder, ARCHIVE), '-C', store])
  await symlink(path.join(store, BIN), path.join(bin, BIN))
  await symlink(BIN, path.join(bin, COMPLETE))
  const kubectl = await findKubectl((line) => void process.stderr.write(`${line}\n`))
  await cp(kubectl, path.join(bin, 'kubectl'))
})
afterAll(() => rm(folder, { recursive: true }))

const environment = () => ({
  HOME: folder,
  PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(':'),
})

const run = async (file: string, ...args: readonly string[]) =>
  (await start(file, args, { cwd: folder, env: environment() })).stdout

describe('the plugin for Krew', () => {
  it('is the archive of its manifest', async () => {
    const [platform] = listAt(manifest, 'spec', 'platforms')
    const digest = createHash('sha256').update(await readFile(path.join(folder, ARCHIVE)))

    expect(textAt(platform, 'sha256')).toBe(digest.digest('hex'))
    expect(textAt(platform, 'uri')).toBe(
      `${HOMEPAGE}/releases/download/v${program.version}/${ARCHIVE}`,
    )
    expect(JSON.stringify(manifest)).not.toMatch(/@[A-Z]+@/)
  })

  it('has only files and folders: Krew refuses links', async () => {
    const { stdout } = await start('tar', ['-tvzf', path.join(folder, ARCHIVE)], {
      maxBuffer: 2 ** 26,
    })
    const lines = stdout.trim().split('\n')

    expect(lines.length).toBeGreaterThan(500)
    expect(lines.filter((line) => !/^[-d]/.test(line))).toEqual([])
    // It also refuses a name with two dots in a row.
    expect(lines.filter((line) => /\.\.|\.d\.ts$|\/\.bin\//.test(line))).toEqual([])
  })

  it('is the same for the same files', async () => {
    const other = path.join(folder, 'again')
    writePlugin(HOMEPAGE, other)
    const [one, two] = await Promise.all(
      [folder, other].map((each) => readFile(path.join(each, ARCHIVE))),
    )

    expect(one?.equals(two ?? Buffer.of())).toBe(true)
  })

  it('runs from where Krew links it', async () => {
    expect(await run(BIN, '--version')).toBe(`${program.version}\n`)
    expect(await run(BIN, 'config', 'keys', 'logLevel')).toContain('default: "info"')
    expect(await run(COMPLETE, 'serv')).toBe('serve\nservices\n:4\n')
  })
})

describe('kubectl', () => {
  it('runs it', async () => {
    expect(await run('kubectl', 'kserve-authz', '--version')).toBe(`${program.version}\n`)
  })

  it('completes its words', async () => {
    const completed = (...words: readonly string[]) =>
      run('kubectl', '__complete', 'kserve-authz', ...words)

    expect(await completed('serv')).toBe('serve\nservices\n:4\n')
    expect(await completed('lint', '-o', 's')).toBe('sarif\n:4\n')
    expect(await completed('lint', '')).toBe(':0\n')
  })
})
