import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeOverlay } from './overlay.ts'
import type { GoModule, ModuleFile, Part, Program } from './parts.ts'
import { run } from './run.ts'

const PROGRESS_EVERY_MS = 10_000

export type Report = (line: string) => void

type Build = {
  readonly module: GoModule
  /** The output folder of all parts. */
  readonly into: string
  readonly report: Report
  readonly signal: AbortSignal
}

/** Rejects with one sentence. */
export async function buildParts(build: Build) {
  const { module, signal } = build
  const { ok } = await run(['go', 'version'], { cwd: module.folder, signal })
  if (!ok)
    throw new Error(
      `${namesOf(module)} must be built with Go, which is missing: install Go, ${adviceFor(module)}`,
    )
  build.report(`building ${namesOf(module)} ${module.version} (once; ${module.duration})`)
  for (const part of module.parts) await makePart(part, build)
}

const makePart = (part: Part, build: Build) =>
  'source' in part ? buildProgram(part, build) : copyModuleFile(part, build)

async function buildProgram(program: Program, build: Build) {
  const { module, into, report, signal } = build
  const { file, source, tags = '', linker = '' } = program
  const started = performance.now()
  let compiled = 0
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1_000)
    report(`still building ${file} (${seconds} s, ${compiled} packages)`)
  }, PROGRESS_EVERY_MS)
  const told = (line: string) => {
    if (!line.startsWith('go: ')) compiled += 1
  }
  const flags = ['-v', '-trimpath', '-tags', tags, '-ldflags', `-s -w ${linker}`.trim()]
  try {
    const overlay = await overlayOf(program, build)
    const go = ['env', 'CGO_ENABLED=0', 'go', 'build', ...flags, ...overlay] as const
    const command = [...go, '-o', path.join(into, file), source] as const
    const { ok, lines } = await run(command, { cwd: module.folder, signal, told })
    if (!ok) throw new Error(complaint(file, module, lines))
  } finally {
    clearInterval(progress)
    await rm(overlayIn(build), { recursive: true, force: true })
  }
}

async function copyModuleFile({ file, module, paths }: ModuleFile, build: Build) {
  const folder = await folderOf(module, file, build)
  const sources = await Promise.all(paths.map((name) => filesAt(path.join(folder, name))))
  const texts = await Promise.all(sources.flat().map((source) => readFile(source, 'utf8')))
  await writeFile(path.join(build.into, file), texts.join('\n---\n'))
}

/** A file, or all YAML files below a folder. */
async function filesAt(source: string): Promise<readonly string[]> {
  if (!(await stat(source)).isDirectory()) return [source]
  const names = await readdir(source, { recursive: true })
  const files = names.filter((name) => name.endsWith('.yaml')).toSorted()
  return files.map((name) => path.join(source, name))
}

/** Where the source of a required module is. */
async function folderOf(name: string, file: string, { module, signal }: Build): Promise<string> {
  let last = ''
  for (const command of [
    ['go', 'mod', 'download', name],
    ['go', 'list', '-m', '-f', '{{.Dir}}', name],
  ] as const) {
    const { ok, lines } = await run(command, { cwd: module.folder, signal })
    if (!ok) throw new Error(complaint(file, module, lines))
    last = lines.at(-1) ?? ''
  }
  return last
}

async function overlayOf({ edits, file }: Program, build: Build): Promise<readonly string[]> {
  if (edits === undefined) return []
  const { module, signal } = build
  const source = await folderOf(edits.module, file, build)
  const { flags, replace } = await writeOverlay(edits, {
    requiring: module.folder,
    source,
    folder: overlayIn(build),
  })
  const { ok, lines } = await run(replace, { cwd: module.folder, signal })
  if (!ok) throw new Error(complaint(file, module, lines))
  return flags
}

const overlayIn = ({ into }: Build) => path.join(into, 'overlay')

const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|module lookup disabled/
const TOO_OLD = /requires go >= (\S+)/

function complaint(file: string, module: GoModule, lines: readonly string[]): string {
  const advice = adviceFor(module)
  const needed = lines.map((line) => TOO_OLD.exec(line)?.[1]).find((version) => version)
  if (needed !== undefined) return `${file} needs Go ${needed} or newer: install it, ${advice}`
  if (lines.some((line) => UNREACHABLE.test(line))) {
    return `${file} is not built: Go cannot reach its module proxy; try again, ${advice}`
  }
  return `${file} is not built: ${lines.at(-1) ?? 'go build says nothing'}`
}

/** The programs; of a module without any, the files. */
function namesOf({ parts }: GoModule): string {
  const programs = parts.filter((part) => 'source' in part)
  return (programs.length > 0 ? programs : parts).map(({ file }) => file).join(' and ')
}

const adviceFor = ({ parts }: GoModule) =>
  `or set ${parts.map(({ variable }) => variable).join(' and ')} to an existing file`
