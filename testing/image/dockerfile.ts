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
export const readLabels = (text: string) => readPairs('LABEL', text, /\s*([\w.-]+)="([^"\\$]*)"/gy)

/** The pairs of an ENV, such as `NAME=value`. */
export const readVariables = (text: string) => readPairs('ENV', text, /\s*(\w+)=([\w./-]+)/gy)

/** `pair` captures a name and a value. Throws if the text has anything else. */
function readPairs(name: string, text: string, pair: RegExp): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(pair)]
  if (pairs.map(([whole]) => whole).join('') !== text)
    throw new Error(`not supported: ${name} ${text}`)
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]))
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
