import { hash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { cacheFolder, exists, removeAbandoned } from './cache.ts'
import { createStopping, startChild, withDeadline } from './child.ts'
import { messageOf } from './message-of.ts'

const INSTALL_DEADLINE_MS = 10 * 60_000

type Report = (line: string) => void

/** Issuers and a proxy that others wrote, each in the version of its lock. */
export type IssuerPrograms = {
  /** Holds the package oidc-provider in its node_modules. */
  readonly packages: string
  /** A Python with django-oauth-toolkit and proxy.py. */
  readonly python: string
}

type Kind = {
  readonly name: string
  /** Of the locks, beside this file. */
  readonly folder: string
  /** What it is installed from. */
  readonly locks: readonly string[]
  readonly install: (folder: string, signal: AbortSignal) => Promise<void>
}

const FROM_NPM: Pick<Kind, 'locks' | 'install'> = {
  locks: ['package.json', 'package-lock.json'],
  install: (folder, signal) =>
    run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder, signal),
}

const NPM: Kind = { name: 'issuers-npm', folder: 'issuers', ...FROM_NPM }
const CLIENTS: Kind = { name: 'clients-npm', folder: 'clients', ...FROM_NPM }

const FROM_PYPI: Pick<Kind, 'locks' | 'install'> = {
  locks: ['requirements.txt'],
  install: async (folder, signal) => {
    await run(['python3', '-m', 'venv', 'venv'], folder, signal)
    const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'] as const
    await run(['venv/bin/python', ...pip, '-r', 'requirements.txt'], folder, signal)
  },
}

const PYPI: Kind = { name: 'issuers-pypi', folder: 'issuers', ...FROM_PYPI }
const PYTHON_CLIENTS: Kind = { name: 'clients-pypi', folder: 'clients', ...FROM_PYPI }

/** From the cache, or installed from npm and PyPI into it. Rejects with one sentence. */
export async function findIssuers(report: Report, signal?: AbortSignal): Promise<IssuerPrograms> {
  const packages = await find(NPM, report, signal)
  const python = path.join(await find(PYPI, report, signal), 'venv/bin/python')
  return { packages, python }
}

/** The folder with client libraries of models in its node_modules. */
export const findClients = (report: Report, signal?: AbortSignal): Promise<string> =>
  find(CLIENTS, report, signal)

/** A Python with client libraries of models. */
export const findPythonClients = async (report: Report, signal?: AbortSignal): Promise<string> =>
  path.join(await find(PYTHON_CLIENTS, report, signal), 'venv/bin/python')

/** Installs beside the place and renames at the end: the place is absent or complete. */
async function find(kind: Kind, report: Report, signal?: AbortSignal): Promise<string> {
  const from = path.join(import.meta.dirname, kind.folder)
  const locks = await Promise.all(kind.locks.map((file) => readFile(path.join(from, file))))
  const cache = cacheFolder()
  const digest = hash('sha256', Buffer.concat(locks)).slice(0, 12)
  const home = path.join(cache, `${kind.name}-${digest}`)
  if (await exists(home)) return home
  const installing = `installing-${kind.name}-`
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache, installing, INSTALL_DEADLINE_MS)
  const temporary = await mkdtemp(path.join(cache, installing))
  report(`installing ${kind.name} (once; less than a minute)`)
  try {
    const limit = withDeadline(INSTALL_DEADLINE_MS, `${kind.name} took too long`, signal)
    for (const file of kind.locks) await cp(path.join(from, file), path.join(temporary, file))
    await kind.install(temporary, limit)
    await rename(temporary, home).catch(async (fault: unknown) => {
      if (!(await exists(home))) throw fault
    })
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
  return home
}

async function run(command: readonly [string, ...string[]], cwd: string, signal: AbortSignal) {
  signal.throwIfAborted()
  const child = startChild(command.join(' '), command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop)
  const [said, complained, end] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    child.ended,
  ])
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (end.endsWith('exit code 0')) return
  const last = `${said}\n${complained}`.trimEnd().split('\n').at(-1)?.trim()
  throw new Error(`${end}: ${last}`)
}

if (import.meta.main) {
  try {
    const { signal } = createStopping()
    const report = (line: string) => console.error(line)
    const found = await findIssuers(report, signal)
    const clients = await findClients(report, signal)
    const pythonClients = await findPythonClients(report, signal)
    console.log(JSON.stringify({ ...found, clients, pythonClients }))
  } catch (fault) {
    console.error(messageOf(fault))
    process.exitCode = 1
  }
}
