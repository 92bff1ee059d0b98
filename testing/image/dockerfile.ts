/** One instruction of a Dockerfile, such as `COPY src ./src`. */
export type Instruction = { readonly name: string; readonly rest: string }

/** The instructions of a Dockerfile in order; lines that end in a backslash continue on the next. */
export function readDockerfile(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(?:#.*)?$/.test(line))
  const whole = lines.join('\n').replace(/\\\n\s*/g, '')
  return whole.split('\n').map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === '') throw new Error(`not an instruction: ${line}`)
    return { name, rest }
  })
}

/** The exec form of a command, without a shell. */
export function readCommand(text: string): readonly string[] {
  const words: unknown = JSON.parse(text)
  if (!Array.isArray(words)) throw new Error(`not a command: ${text}`)
  return words.map(String)
}

/** The pairs of a LABEL, such as `name="a value"`. */
export function readLabels(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/\s*([\w.-]+)="([^"\\$]*)"/gy)]
  if (pairs.map(([pair]) => pair).join('') !== text) throw new Error(`not supported: LABEL ${text}`)
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
}

/** The pairs of an ENV, such as `NAME=value`. */
export function readVariables(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(' ').map((word) => /^(\w+)=([\w./-]+)$/.exec(word) ?? [])
  if (pairs.some(([pair]) => pair === undefined)) throw new Error(`not supported: ENV ${text}`)
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
}

export type Copy = {
  readonly from: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

export function readCopy(text: string): Copy {
  const words = text.split(/\s+/)
  const [, from] = /^--from=(.+)$/.exec(words[0] ?? '') ?? []
  const paths = from === undefined ? words : words.slice(1)
  const target = paths.at(-1)
  if (target === undefined || paths.some((word) => word.startsWith('--'))) {
    throw new Error(`not supported: COPY ${text}`)
  }
  return { from, sources: paths.slice(0, -1), target }
}

/** The paths of a context that a .dockerignore excludes. The last matching pattern decides. */
export function readIgnored(text: string): (file: string) => boolean {
  const patterns = text.split('\n').filter((line) => !/^\s*(?:#.*)?$/.test(line))
  for (const pattern of patterns) {
    if (pattern !== '**' && !/^!?[\w./-]+$/.test(pattern))
      throw new Error(`not supported: ${pattern}`)
  }
  return (file) => {
    const last = patterns.findLast((pattern) => fits(file, pattern.replace(/^!/, '')))
    return last !== undefined && !last.startsWith('!')
  }
}

/** A folder's pattern matches everything in it. */
const fits = (file: string, pattern: string): boolean =>
  pattern === '**' || file === pattern || file.startsWith(`${pattern}/`)
