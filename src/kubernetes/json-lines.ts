import type { Readable } from 'node:stream'

/** Of one event; etcd holds no object larger than 1.5 MiB. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024

/**
 * The values of a stream of JSON lines. Throws where a line is not JSON or too long, and where nothing at
 * all arrives for `silenceMs`. A line without an end is left out.
 */
export async function* jsonLines(
  stream: Readable,
  silenceMs: number,
): AsyncGenerator<unknown, void, void> {
  stream.setEncoding('utf8')
  const fall = () => stream.destroy(new Error('the API server was silent for too long'))
  let timer = setTimeout(fall, silenceMs)
  let rest = ''
  try {
    for await (const chunk of stream) {
      clearTimeout(timer)
      timer = setTimeout(fall, silenceMs)
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE_LENGTH) throw new Error('an event of the API server is too long')
      for (const line of lines) if (line !== '') yield parse(line)
    }
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}

/** The parser's own message would quote the line, which may hold a Secret. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error('an event of the API server is not JSON')
  }
}
