import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const IMPORTS = [
  "import tls, { setDefaultCACertificates } from 'node:tls'",
  "import * as http from 'node:http'",
  "import events from 'node:events'",
  "import { own } from './own.ts'",
]

const REFUSED = [
  "tls.DEFAULT_MIN_VERSION = 'TLSv1.3'",
  "tls['DEFAULT_MAX_VERSION'] = 'TLSv1.2'",
  "if (own) tls.DEFAULT_CIPHERS = ''",
  'http.globalAgent.maxSockets = 1',
  'events.defaultMaxListeners = 100',
  'events.EventEmitter.defaultMaxListeners += 1',
  'events.defaultMaxListeners++',
  "process.env.HOME = '/'",
  'delete process.env.HOME',
  "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'",
  'globalThis.fetch = undefined',
  'Error.stackTraceLimit = 0',
  'own.limit = 1',
  "Object.assign(process.env, { HOME: '/' })",
  "Object.defineProperty(tls, 'DEFAULT_MIN_VERSION', {})",
  "Reflect.set(http.globalAgent, 'maxSockets', 1)",
  'tls.setDefaultCACertificates([])',
  'setDefaultCACertificates([])',
  ";(tls as { DEFAULT_MIN_VERSION: string }).DEFAULT_MIN_VERSION = 'TLSv1.3'",
]

const ALLOWED = [
  'const mine = { limit: 1 }; mine.limit = 2',
  'const agent = new http.Agent(); agent.maxSockets = 1',
  'const copy = Object.assign({}, process.env); delete copy.HOME',
  'export function change(tls: { version: number }) { tls.version = 1 }',
  'process.exitCode = 2',
  'let count = 0; count += 1',
]

let folder = ''
let refused: readonly number[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'process-wide-'))
  await cp(path.join(ROOT, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'))
  await cp(path.join(ROOT, 'scripts/lint'), path.join(folder, 'scripts/lint'), { recursive: true })
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  await mkdir(path.join(folder, 'src'))
  const lines = [...IMPORTS, ...REFUSED, ...ALLOWED]
  await writeFile(path.join(folder, 'src/example.ts'), `${lines.join('\n')}\n`)
  refused = await refusedLines()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function refusedLines(): Promise<readonly number[]> {
  const oxlint = path.join(ROOT, 'node_modules/.bin/oxlint')
  const output = await new Promise<string>((resolve) => {
    execFile(oxlint, ['--format=unix', 'src'], { cwd: folder }, (_error, out) => resolve(out))
  })
  const finding = /example\.ts:(\d+):\d+: .*\[[^\]]*no-process-wide[^\]]*\]$/gm
  return [...output.matchAll(finding)].map(([, line]) => Number(line))
}

const numberOf = (line: string) => [...IMPORTS, ...REFUSED, ...ALLOWED].indexOf(line) + 1

describe('the linter', () => {
  it.each(REFUSED)('refuses a change of process-wide state: %s', (line) => {
    expect(refused).toContain(numberOf(line))
  })

  it.each(ALLOWED)('allows a change of one object: %s', (line) => {
    expect(refused).not.toContain(numberOf(line))
  })
})
