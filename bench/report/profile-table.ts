/** The parts of a .cpuprofile that are read: the code locations, and the location of each sample. */
export type Profile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
  /** By the clock of `process.hrtime`, in microseconds. */
  readonly startTime: number
}

/** The observed interval, by the same clock. */
export type Period = { readonly from: number; readonly to: number }

type ProfileNode = {
  readonly id: number
  readonly functionName: string
  readonly url: string
  /** Starts at 0. */
  readonly lineNumber: number
}

/** A share of the time in which the program was not idle. */
export type Share = { readonly name: string; readonly share: number }

const IDLE = new Set(['(idle)', '(root)'])

/** Self time, without callees, in descending order: by function and by package. */
export function selfTimes(
  { nodes, samples, timeDeltas, startTime }: Profile,
  { from, to }: Period,
): {
  readonly byFunction: readonly Share[]
  readonly byPackage: readonly Share[]
} {
  const times = new Map<number, number>()
  let now = startTime
  samples.forEach((id, index) => {
    const delta = timeDeltas[index] ?? 0
    now += delta
    if (from <= now && now <= to) times.set(id, (times.get(id) ?? 0) + delta)
  })
  const busy = nodes.filter(({ functionName }) => !IDLE.has(functionName))
  return {
    byFunction: shares(busy, times, functionOf),
    byPackage: shares(busy, times, ({ url, functionName }) => packageOf(url, functionName)),
  }
}

function shares(
  nodes: readonly ProfileNode[],
  times: ReadonlyMap<number, number>,
  nameOf: (node: ProfileNode) => string,
): readonly Share[] {
  const sums = new Map<string, number>()
  let total = 0
  for (const node of nodes) {
    const time = times.get(node.id) ?? 0
    const name = nameOf(node)
    sums.set(name, (sums.get(name) ?? 0) + time)
    total += time
  }
  return [...sums]
    .map(([name, time]) => ({ name, share: time / total }))
    .toSorted((one, other) => other.share - one.share)
}

function functionOf({ functionName, url, lineNumber }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(?=src\/)/, '')
  return `${name}  ${file}:${lineNumber + 1}`
}

/** The package, a folder of ours, a module of Node, or a part of the engine. */
export function packageOf(url: string, functionName: string): string {
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/')
  const installed = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (installed !== undefined) return installed
  const own = /\/(src\/[^/]+)/.exec(url)?.[1]
  if (own !== undefined) return own
  return functionName.startsWith('(') ? functionName : 'native'
}

/** Reads the output of `node --cpu-prof`; `undefined`: it is something else. */
export function readProfile(json: string): Profile | undefined {
  const { nodes, samples, timeDeltas, startTime } = fieldsOf(JSON.parse(json))
  if (!Array.isArray(nodes) || !isNumbers(samples) || !isNumbers(timeDeltas)) return undefined
  return { nodes: nodes.map(readNode), samples, timeDeltas, startTime: Number(startTime) }
}

function readNode(node: unknown): ProfileNode {
  const { id, callFrame } = fieldsOf(node)
  const { functionName, url, lineNumber } = fieldsOf(callFrame)
  return {
    id: Number(id),
    functionName: String(functionName),
    url: String(url),
    lineNumber: Number(lineNumber),
  }
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'number')

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
