import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { createStopping, withDeadline } from './child.ts'
import { assertGo, buildProgram, type Report } from './kubernetes/build.ts'
import { ETCD, KUBERNETES, PROGRAMS, type Program } from './kubernetes/programs.ts'
import { MODULE, run } from './kubernetes/run.ts'

const BUILD_DEADLINE_MS = 60 * 60_000
const VERSION_DEADLINE_MS = 20_000

const BUILDING = `building-kubernetes-${KUBERNETES}-`

/** Paths of binaries that run here. */
export type Kubernetes = { readonly etcd: string; readonly apiServer: string }

/**
 * An etcd and a kube-apiserver: those that the environment variables ETCD and KUBE_APISERVER name, else the
 * cached ones, else new ones, built with Go into the cache. Rejects with one sentence.
 */
export async function findKubernetes(report: Report, signal?: AbortSignal): Promise<Kubernetes> {
  const programs = [PROGRAMS.etcd, PROGRAMS.apiServer]
  const chosen = programs.map(({ variable }) => process.env[variable])
  const cache = cacheFolder(process.env.XDG_CACHE_HOME)
  const home = path.join(cache, `kubernetes-${KUBERNETES}-etcd-${ETCD}-${await modulesDigest()}`)
  if (chosen.some((file) => !file) && !(await exists(home))) {
    await build(cache, home, report, signal)
  }
  const pathOf = async (program: Program) => {
    const own = process.env[program.variable]
    const file = own ? path.resolve(own) : path.join(home, program.binary)
    const origin = own ? `the environment variable ${program.variable} names` : CACHED
    await assertRuns(file, program, { origin, own: Boolean(own) }, signal)
    return file
  }
  return { etcd: await pathOf(PROGRAMS.etcd), apiServer: await pathOf(PROGRAMS.apiServer) }
}

const CACHED = 'the cache (remove its folder to build anew) holds'

/** What is built depends on these two files alone. */
async function modulesDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(path.join(MODULE, file)))
  return hash.digest('hex').slice(0, 12)
}

/** A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification). */
function cacheFolder(xdg: string | undefined) {
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(homedir(), '.cache')
  return path.join(base, 'kserve-authz')
}

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

/** Builds beside `home` and renames at the end: `home` is absent or complete, whoever else builds. */
async function build(cache: string, home: string, report: Report, signal?: AbortSignal) {
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache)
  const limit = withDeadline(BUILD_DEADLINE_MS, 'kube-apiserver was not built in time', signal)
  await assertGo(limit)
  const temporary = await mkdtemp(path.join(cache, BUILDING))
  report(`building etcd ${ETCD} and kube-apiserver ${KUBERNETES} (once; about eleven minutes)`)
  try {
    for (const program of [PROGRAMS.etcd, PROGRAMS.apiServer]) {
      await buildProgram(program, temporary, report, limit)
    }
    await rename(temporary, home).catch(async (fault: unknown) => {
      if (!(await exists(home))) throw fault
    })
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What a build that was killed left behind: older than any build may live. */
async function removeAbandoned(cache: string) {
  for (const name of await readdir(cache)) {
    const folder = path.join(cache, name)
    const made = name.startsWith(BUILDING)
      ? await stat(folder).then(({ birthtimeMs }) => birthtimeMs, Number)
      : Number.NaN
    if (Date.now() - made > 2 * BUILD_DEADLINE_MS)
      await rm(folder, { recursive: true, force: true })
  }
}

type Origin = { readonly origin: string; readonly own: boolean }

/** One of our choice may be of any version. */
async function assertRuns(
  file: string,
  program: Program,
  { origin, own }: Origin,
  signal?: AbortSignal,
) {
  if (!(await exists(file))) throw new Error(`${origin} ${file}, which does not exist`)
  const silent = `${origin} ${file}, which does not answer --version`
  const limit = withDeadline(VERSION_DEADLINE_MS, silent, signal)
  const { ok, lines } = await run([file, '--version'], limit)
  if (!ok) throw new Error(`${origin} ${file}, which does not run: ${lines.at(-1)}`)
  const known = lines.find((line) => program.anyVersion.test(line))
  if (known === undefined || (!own && known !== program.version)) {
    throw new Error(`${origin} ${file}, which is not ${own ? program.binary : program.version}`)
  }
}

if (import.meta.main) {
  try {
    const found = await findKubernetes((line) => console.error(line), createStopping().signal)
    console.log(`${found.etcd}\n${found.apiServer}`)
  } catch (fault) {
    console.error(fault instanceof Error ? fault.message : String(fault))
    process.exitCode = 1
  }
}
