// Splits a stream of JSON lines.

import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { parseJson } from '../../common/json.ts'
import type { MaybePromise } from '../../common/maybe-promise.ts'

/** Longest event; etcd stores no object larger than 1.5 MiB. */
export const MAX_LINE_LENGTH = 16 * 1024 * 1024

/** Longest work on one stream without a turn for everything else. */
const TURN_MS = 5

/** `undefined`: not JSON. */
type ParseLine = (line: string) => MaybePromise<{ readonly value: unknown } | undefined>

/** The stream was silent for so long that the connection counts as dead. */
export class Silence extends Error {
  override readonly name = 'Silence'
}

/**
 * The values of a stream of JSON lines. Throws if a line is not JSON or too long, and a Silence if no line
 * completes within `silenceMs`. Drops an unfinished last line.
 */
export async function* jsonLines(
  stream: Readable,
  silenceMs: number,
  parse: ParseLine = parseJson,
): AsyncGenerator<unknown, void, void> {
  stream.setEncoding('utf8')
  const fall = () => stream.destroy(new Silence('the API server was silent for too long'))
  const timer = setTimeout(fall, silenceMs)
  const linesIn = createLines()
  let begun = performance.now()
  try {
    for await (const chunk of stream) {
      const lines = linesIn(String(chunk))
      if (lines.length > 0) timer.refresh()
      for (const line of lines) {
        if (line === '') continue
        const parsed = parse(line)
        // A small line needs no turn.
        yield valueIn(parsed instanceof Promise ? await parsed : parsed)
        // A busy stream would otherwise block everything else.
        if (performance.now() - begun > TURN_MS) {
          await turn()
          begun = performance.now()
        }
      }
    }
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}

/** Splits text that arrives in parts into lines; an unfinished line is kept. */
function createLines() {
  let parts: string[] = []
  let length = 0
  return (text: string): readonly string[] => {
    const [first = '', ...others] = text.split('\n')
    parts.push(first)
    length += first.length
    if (length > MAX_LINE_LENGTH) throw new Error('an event of the API server is too long')
    const last = others.pop()
    if (last === undefined) return []
    const line = parts.join('')
    parts = [last]
    length = last.length
    return [line, ...others]
  }
}

function valueIn(parsed: Awaited<ReturnType<ParseLine>>): unknown {
  if (parsed === undefined) throw new Error('an event of the API server is not JSON')
  return parsed.value
}
