import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import program from '../../package.json' with { type: 'json' }
import { ARCHIVE, writePlugin } from '../../scripts/krew.ts'
import { findKrew, findKubectl } from '../../scripts/kubectl.ts'
import { BY_KREW, runBy } from '../../testing/documented-table.ts'
import { listAt, textAt } from '../../testing/json.ts'
import { startReleasePage } from '../../testing/release-page.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const HOST = 'github.com'
const PLACE = '/OWNER/REPOSITORY'
const HOMEPAGE = `https://${HOST}${PLACE}`
const BIN = 'kubectl-kserve_authz'
const COMPLETE = 'kubectl_complete-kserve_authz'

const start = promisify(execFile)

const [linkAll = '', install = '', link = '', fromCheckout = '', ...others] = runBy(BY_KREW).map(
  ({ statement }) => statement,
)

/** With Krew, as its own installation leaves it, in `PATH`. */
let folder = ''
let manifest: unknown
let page: Awaited<ReturnType<typeof startReleasePage>>

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'krew-test-'))
  writePlugin(HOMEPAGE, folder)
  manifest = load(await readFile(path.join(folder, 'kserve-authz.yaml'), 'utf8'))
  page = await startReleasePage(HOST, `${PLACE}/releases/download/v${program.version}`, folder)
  const report = (line: string) => void process.stderr.write(`${line}\n`)
  const own = path.join(folder, 'bin')
  await mkdir(own)
  await cp(await findKubectl(report), path.join(own, 'kubectl'))
  await cp(await findKrew(report), path.join(own, 'kubectl-krew'))
  await makeIndex()
})
afterAll(async () => {
  await page?.stop()
  await rm(folder, { recursive: true })
})

/** The index of all plugins, which Krew clones: an empty one. */
async function makeIndex() {
  const index = path.join(folder, 'index')
  await mkdir(index)
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
  for (const args of [
    ['init', '--quiet'],
    [...identity, 'commit', '--quiet', '--allow-empty', '--message=empty'],
  ])
    await start('git', args, { cwd: index })
}

const environment = (home: string) => ({
  HOME: home,
  KREW_NO_UPGRADE_CHECK: '1',
  KREW_DEFAULT_INDEX_URI: path.join(folder, 'index'),
  PATH: [
    path.join(home, '.krew/bin'),
    path.join(folder, 'bin'),
    path.dirname(process.execPath),
    process.env.PATH,
  ].join(':'),
  ...page.env,
})

const runAt = async (home: string, file: string, ...args: readonly string[]) =>
  (await start(file, args, { cwd: home, env: environment(home) })).stdout
const run = (file: string, ...args: readonly string[]) => runAt(folder, file, ...args)

describe('the plugin for Krew', () => {
  it('has four commands on its page', () => {
    expect(fromCheckout).toContain('--archive=')
    expect(others).toEqual([])
  })

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

  it('runs from links to a checkout', async () => {
    await mkdir(path.join(folder, '.local/bin'), { recursive: true })
    await start('sh', ['-ec', linkAll], { cwd: ROOT, env: environment(folder) })
    expect(await run(path.join(folder, '.local/bin', BIN), '--version')).toBe(
      `${program.version}\n`,
    )
  })

  it('is installed by Krew from a release, and from a checkout, by the commands of the page', async () => {
    // Krew reads names from an input that is no terminal.
    await run('sh', '-ec', `${install} </dev/null\n${link}`)
    expect(await readdir(path.join(folder, '.krew/bin'))).toEqual([BIN, COMPLETE])

    const home = path.join(folder, 'home')
    await mkdir(home)
    await runAt(home, 'sh', '-ec', fromCheckout.replaceAll('DIR', folder))
    expect(await readlink(path.join(home, '.krew/bin', BIN))).toContain('/.krew/store/')
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
