import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startIssuer } from '../../examples/identity-providers/issuer.ts'
import { findEnvoy } from '../../scripts/envoy.ts'
import { changes, type Row, readExample } from '../../testing/issuers/scenarios/data.ts'
import { behindEnvoy } from '../../testing/issuers/scenarios/envoy.ts'
import {
  expectNoSecrets,
  type Run,
  startRun,
  takeSteps,
} from '../../testing/issuers/scenarios/run.ts'

const FOLDER = path.join(import.meta.dirname, '../../examples/identity-providers')
const ROOT = path.join(FOLDER, '../..')
const example = readExample(FOLDER)
const page = readFileSync(path.join(FOLDER, 'README.md'), 'utf8')

let envoy = ''
let shared: Promise<Run> | undefined

beforeAll(async () => {
  envoy = await findEnvoy(() => {})
})

afterAll(async () => (await shared)?.stop())

const start = ({ unreachable }: Pick<Row, 'unreachable'>) =>
  startRun({ folder: FOLDER, example, unreachable, open: behindEnvoy({ envoy, example }) })

/** The first line that a command prints in a folder. */
const run = (cwd: string, command: string) =>
  new Promise<string>((resolve) => {
    const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
    execFile('sh', ['-c', command], { cwd, env, timeout: 20_000 }, (_error, stdout) =>
      resolve(stdout.split('\n')[0] ?? ''),
    )
  })

describe('examples/identity-providers', () => {
  it.each(example.rows)('$name', async (row) => {
    if (!changes(row)) {
      shared ??= start(row)
      return takeSteps(await shared, row)
    }
    const run = await start(row)
    try {
      await takeSteps(run, row)
      await expectNoSecrets(run)
    } finally {
      await run.stop()
    }
  })

  it('no log and no metric contains tokens or their claims', async () => {
    if (shared === undefined) throw new Error('no row was sent')
    await expectNoSecrets(await shared)
  })

  it('the metrics contain keys, fetches and verified tokens', async () => {
    if (shared === undefined) throw new Error('no row was sent')
    const metrics = await (await shared).service.metrics()

    for (const provider of ['dex', 'iap', 'azure']) {
      expect(metrics).toContain(`kserve_authz_jwks_age_seconds{provider="${provider}"} `)
    }
    expect(metrics).toMatch(/^kserve_authz_dependency_requests_total\{.*"jwks".*"success"\} \d/m)
    expect(metrics).toMatch(/^kserve_authz_cache_requests_total\{cache="jwt",result="hit"\} \d/m)
  })

  it('has a row for each sentence of its page', () => {
    const [, table = ''] = /^\| row .*\n\|.*\n((?:\|.*\n)+)/m.exec(page) ?? []
    const told = [...table.matchAll(/^\| (.+?) +\|/gm)].map(([, sentence]) => sentence)

    expect(example.rows.map(({ name }) => name)).toEqual(told)
  })

  it('has a page with commands that print what it shows', async () => {
    const issuer = await startIssuer()
    const { host } = new URL(issuer.url)
    const folder = await mkdtemp(path.join(tmpdir(), 'identity-providers-'))
    await cp(FOLDER, folder, { recursive: true })
    const config = path.join(folder, 'config.yaml')
    await writeFile(config, (await readFile(config, 'utf8')).replace('127.0.0.1:5556', host))
    const told = [...page.matchAll(/^\$ (\S*kserve-authz (?:.*\\\n)*.*)\n(.*)$/gm)]
    const answers = await Promise.all(
      told.map(([, command = '']) =>
        run(folder, command.replace('127.0.0.1:5556', host).replace('../..', ROOT)),
      ),
    )
    await rm(folder, { recursive: true })
    await issuer.close()

    expect(answers).toEqual(told.map(([, , answer]) => answer))
    expect(answers).toHaveLength(2)
  })

  it('sends every token', () => {
    const sent = JSON.stringify(example.rows)
    const unused = Object.keys(example.tokens).filter((name) => !sent.includes(`{{${name}}}`))

    expect(unused).toEqual([])
  })
})
