import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Change, GoModule, ModuleFile, Part, Program } from './parts.ts'
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
  for (const name of ['changed', 'go.mod', 'go.sum'])
    await rm(path.join(build.into, name), { recursive: true, force: true })
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
  const { change } = program
  const own = change === undefined ? [] : ['-modfile', await changedModule(file, change, build)]
  const flags = ['-v', '-trimpath', ...own, '-tags', tags, '-ldflags', `-s -w ${linker}`.trim()]
  const go = ['env', 'CGO_ENABLED=0', 'go', 'build', ...flags] as const
  try {
    const command = [...go, '-o', path.join(into, file), source] as const
    const { ok, lines } = await run(command, { cwd: module.folder, signal, told })
    if (!ok) throw new Error(complaint(file, module, lines))
  } finally {
    clearInterval(progress)
  }
}

/** Builds with a copy of a module in which one file is changed. */
async function changedModule(file: string, change: Change, build: Build): Promise<string> {
  const { module, into, signal } = build
  const copy = path.join(into, 'changed')
  const modfile = path.join(into, 'go.mod')
  const original = await folderOf(file, change.module, build)
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['rm', '-rf', copy],
    ['cp', '-R', original, copy],
    ['chmod', '-R', 'u+w', copy],
    ['cp', 'go.mod', 'go.sum', into],
    ['go', 'mod', 'edit', `-replace=${change.module}=${copy}`, modfile],
  ]
  for (const step of steps) {
    const { ok, lines } = await run(step, { cwd: module.folder, signal })
    if (!ok) throw new Error(complaint(file, module, lines))
  }
  const source = path.join(copy, change.path)
  const parts = (await readFile(source, 'utf8')).split(change.text)
  if (parts.length !== 2) throw new Error(complaint(file, module, [`${source} is another one`]))
  await writeFile(source, parts.join(change.by))
  return modfile
}

async function copyModuleFile(part: ModuleFile, build: Build) {
  const folder = await folderOf(part.file, part.module, build)
  const into = path.join(build.into, part.file)
  const [first, ...others] = part.paths.map((name) => path.join(folder, name))
  if (others.length === 0) return copyFile(first ?? '', into)
  const texts = await Promise.all([first ?? '', ...others].map((file) => readFile(file, 'utf8')))
  await writeFile(into, texts.join('\n---\n'))
}

/** Where Go keeps a required module. */
async function folderOf(file: string, name: string, { module, signal }: Build): Promise<string> {
  const command = ['go', 'list', '-m', '-f', '{{.Dir}}', name] as const
  const { ok, lines } = await run(command, { cwd: module.folder, signal })
  if (!ok) throw new Error(complaint(file, module, lines))
  return lines.at(-1) ?? ''
}

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

const namesOf = ({ parts }: GoModule) =>
  parts.flatMap((part) => ('source' in part ? [part.file] : [])).join(' and ')

const adviceFor = ({ parts }: GoModule) =>
  `or set ${parts.map(({ variable }) => variable).join(' and ')} to an existing file`
