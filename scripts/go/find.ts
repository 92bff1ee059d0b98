import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder, exists, removeAbandoned } from '../cache.ts'
import { createStopping, withDeadline } from '../child.ts'
import { messageOf } from '../message-of.ts'
import { buildParts, type Report } from './build.ts'
import type { GoModule, Part, Program } from './parts.ts'
import { run } from './run.ts'

const BUILD_DEADLINE_MS = 60 * 60_000
const VERSION_DEADLINE_MS = 20_000

/**
 * The paths of a module's parts: from environment variables, else from the cache, else built with Go
 * into the cache. Both it and its result reject with one sentence.
 */
export async function findParts(
  module: GoModule,
  report: Report,
  signal?: AbortSignal,
): Promise<(part: Part) => Promise<string>> {
  const home = path.join(cacheFolder(), `${titleOf(module)}-${await digestOf(module)}`)
  const isChosen = ({ variable }: Part) => Boolean(process.env[variable])
  if (!module.parts.every(isChosen) && !(await exists(home))) {
    await build(module, home, report, signal)
  }
  return async (part) => {
    const own = process.env[part.variable]
    const file = own ? path.resolve(own) : path.join(home, part.file)
    const origin = own ? `the environment variable ${part.variable} names` : CACHED
    if (!(await exists(file))) throw new Error(`${origin} ${file}, which does not exist`)
    if ('source' in part) await assertRuns(file, part, { origin, own: Boolean(own) }, signal)
    return file
  }
}

const CACHED = 'the cache (remove its folder to build anew) holds'

const titleOf = ({ folder, name = path.basename(folder), version }: GoModule) =>
  `${name}-${version}`

/**
 * The build depends on these two files, on sources of this repository, on edits, and on flags that belong to a version;
 * copies of files also on their paths.
 */
async function digestOf({ folder, parts }: GoModule): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(path.join(folder, file)))
  const own = parts.flatMap((part) => ('source' in part ? [part.source] : [])).filter(isOwn)
  for (const source of own) hash.update(await readFile(path.join(folder, source, 'main.go')))
  const edits = parts.flatMap((part) => ('edits' in part ? [part.edits] : []))
  if (edits.length > 0) hash.update(JSON.stringify(edits))
  // A change of paths is not worth a new build of programs.
  const files = parts.flatMap((part) => ('paths' in part ? [part.paths] : []))
  if (files.length === parts.length) hash.update(JSON.stringify(files))
  return hash.digest('hex').slice(0, 12)
}

const isOwn = (source: string) => source.startsWith('./')

/** Builds next to `home` and renames at the end: `home` is absent or complete, also with concurrent builds. */
async function build(module: GoModule, home: string, report: Report, signal?: AbortSignal) {
  const [cache, title] = [path.dirname(home), titleOf(module)]
  const building = `building-${title}-`
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache, building, BUILD_DEADLINE_MS)
  const limit = withDeadline(BUILD_DEADLINE_MS, `${title} was not built in time`, signal)
  const temporary = await mkdtemp(path.join(cache, building))
  try {
    await buildParts({ module, into: temporary, report, signal: limit })
    await rename(temporary, home).catch(async (fault: unknown) => {
      if (!(await exists(home))) throw fault
    })
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Origin = { readonly origin: string; readonly own: boolean }

/** A binary chosen by the user may have any version. */
async function assertRuns(
  file: string,
  program: Program,
  { origin, own }: Origin,
  signal?: AbortSignal,
) {
  const silent = `${origin} ${file}, which does not answer ${program.ask}`
  const limit = withDeadline(VERSION_DEADLINE_MS, silent, signal)
  const command = [file, program.ask] as const
  const { ok, lines } = await run(command, { cwd: path.dirname(file), signal: limit })
  if (!ok) throw new Error(`${origin} ${file}, which does not run: ${lines.at(-1)}`)
  const known = lines.map((line) => program.versionIn.exec(line)?.[1]).find((version) => version)
  if (known === undefined || (!own && known !== program.version)) {
    const awaited = own ? program.file : `${program.file} ${program.version}`
    throw new Error(`${origin} ${file}, which is not ${awaited}`)
  }
}

type Find = (report: Report, signal?: AbortSignal) => Promise<Readonly<Record<string, string>>>

/** For the command line: finds the parts and prints their paths. */
export async function printFound(find: Find) {
  try {
    const found = await find((line) => console.error(line), createStopping().signal)
    console.log(Object.values(found).join('\n'))
  } catch (fault) {
    console.error(messageOf(fault))
    process.exitCode = 1
  }
}
