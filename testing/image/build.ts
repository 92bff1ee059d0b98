import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import {
  type Copy,
  readCommand,
  readCopy,
  readDockerfile,
  readIgnored,
  readLabels,
  readVariables,
} from './dockerfile.ts'

/** The files of an image, and its start command. */
export type Image = {
  /** The folder with the files that the image adds to its base. */
  readonly root: string
  readonly workingFolder: string
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly ports: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

type Build = {
  /** The folder with Dockerfile and .dockerignore. */
  readonly context: string
  /** An empty folder. */
  readonly into: string
  /** Writes the files taken from a base image into a folder; by a name without its tag and digest. */
  readonly bases: Readonly<Record<string, (root: string) => Promise<unknown>>>
}

type Stage = { -readonly [Field in keyof Image]: Image[Field] } & {
  readonly root: string
  readonly name: string | undefined
}

const RUN_MS = 5 * 60_000

/**
 * Executes the steps of a Dockerfile in folders of this machine, as an engine would in layers. RUN uses this
 * machine's commands and user, and those in /usr/local/bin of the image. Throws on unsupported steps.
 */
export async function buildImage({ context, into, bases }: Build): Promise<Image> {
  const read = (name: string) => readFile(path.join(context, name), 'utf8')
  const isIgnored = readIgnored(await read('.dockerignore'))
  const stages: Stage[] = []
  for (const { name, rest } of readDockerfile(await read('Dockerfile'))) {
    if (name === 'FROM')
      stages.push(await newStage(rest, path.join(into, `${stages.length}`), bases))
    const stage = stages.at(-1)
    const take = STEPS[name]
    if (stage === undefined || take === undefined) throw new Error(`not supported: ${name} ${rest}`)
    await take(stage, rest, { context, isIgnored, stages })
  }
  const last = stages.at(-1)
  if (last === undefined) throw new Error('the Dockerfile has no FROM')
  return last
}

async function newStage(text: string, root: string, bases: Build['bases']): Promise<Stage> {
  const [, image = '', name] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? []
  const lay = bases[image.replace(/@.*$/, '').replace(/:[^:/]*$/, '')]
  if (lay === undefined) throw new Error(`an unknown base: ${text}`)
  await mkdir(root, { recursive: true })
  await lay(root)
  return {
    name,
    root,
    workingFolder: '/',
    user: '',
    entrypoint: [],
    command: [],
    ports: [],
    labels: {},
    variables: {},
  }
}

type World = {
  readonly context: string
  readonly isIgnored: (file: string) => boolean
  readonly stages: readonly Stage[]
}

type Step = (stage: Stage, rest: string, world: World) => Promise<unknown>

const STEPS: Readonly<Record<string, Step>> = {
  FROM: async () => {},
  WORKDIR: async (stage, rest) => {
    stage.workingFolder = path.posix.resolve(stage.workingFolder, rest)
    await mkdir(path.join(stage.root, stage.workingFolder), { recursive: true })
  },
  COPY: async (stage, rest, world) => copy(stage, readCopy(rest), world),
  RUN: async ({ root, workingFolder }, rest) => {
    if (/(?:^|[\s=])\//.test(rest)) throw new Error(`a host path: RUN ${rest}`)
    const { PATH } = process.env
    const env = { ...process.env, PATH: `${path.join(root, 'usr/local/bin')}:${PATH}` }
    const options = { cwd: path.join(root, workingFolder), timeout: RUN_MS, env }
    await promisify(execFile)('sh', ['-c', rest], options)
  },
  ENV: async (stage, rest) => {
    stage.variables = { ...stage.variables, ...readVariables(rest) }
  },
  USER: async (stage, rest) => {
    stage.user = rest
  },
  EXPOSE: async (stage, rest) => {
    stage.ports = rest.split(/\s+/)
  },
  LABEL: async (stage, rest) => {
    stage.labels = { ...stage.labels, ...readLabels(rest) }
  },
  ENTRYPOINT: async (stage, rest) => {
    stage.entrypoint = readCommand(rest)
  },
  CMD: async (stage, rest) => {
    stage.command = readCommand(rest)
  },
}

/** For a folder its contents are copied, not the folder itself. */
async function copy(stage: Stage, { from, sources, target }: Copy, world: World) {
  const origin = from === undefined ? world.context : rootOf(from, world.stages)
  const isKept = (file: string) => from !== undefined || file === '' || !world.isIgnored(file)
  const onto = path.join(stage.root, path.posix.resolve(stage.workingFolder, target))
  for (const source of sources) {
    const file = path.join(origin, source)
    const whole = (await stat(file)).isDirectory() || !target.endsWith('/')
    await cp(file, whole ? onto : path.join(onto, path.basename(file)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (each) => isKept(path.relative(origin, each)),
    })
  }
}

function rootOf(name: string, stages: readonly Stage[]): string {
  const stage = stages.find((each) => each.name === name)
  if (stage === undefined) throw new Error(`no stage ${name}`)
  return stage.root
}

/** All files of a folder with their modes, relative to it. */
export async function filesIn(folder: string) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name)
      const { mode, size, mtimeMs } = await stat(file)
      return { file: path.relative(folder, file), mode, size, mtimeMs }
    }),
  )
}
