import type { Writable } from 'node:stream'

type Options = {
  /** A pipe or socket must be a stream of libuv: fs.write would block a thread, and with it the end of the program. */
  readonly stream: Writable
  /** Written at once with what follows, until so many bytes are together or a second has passed. */
  readonly batchBytes: number
  /** Called for each line that is lost. */
  readonly dropped: () => void
}

/** Most that waits for the reader, in bytes: about 10,000 decisions. */
const MAX_WAITING = 4 << 20
const FLUSH_MS = 1_000
/** Longest wait for the reader at the end. */
const CLOSE_MS = 1_000

/**
 * Writes lines of JSON as ASCII and never waits: while nobody reads, lines wait up to a bound; then they
 * are dropped, as they are once the reader is gone.
 */
export function createLines({ stream, batchBytes, dropped }: Options) {
  let batch = ''
  let broken = false
  stream.on('error', () => {
    broken = true
  })

  const flush = () => {
    if (batch !== '') stream.write(batch, 'latin1')
    batch = ''
  }
  const writeAscii = (line: string) => {
    if (broken || stream.writableLength + batch.length + line.length > MAX_WAITING) {
      dropped()
      return
    }
    batch += line
    if (batch.length >= batchBytes) flush()
  }
  const write = (json: string) => writeAscii(toAscii(json))
  const timer = setInterval(flush, FLUSH_MS).unref()

  const close = () =>
    new Promise<void>((resolve) => {
      clearInterval(timer)
      const givenUp = setTimeout(resolve, CLOSE_MS)
      stream.write(batch, 'latin1', () => {
        clearTimeout(givenUp)
        resolve()
      })
      batch = ''
    })
  return { write, writeAscii, close }
}

/** JSON in which every character that is not ASCII is written as an escape. */
export const toAscii = (json: string): string => json.replace(NOT_ASCII, escaped)

// What could end a line, hide text or turn its direction on some screen.
const NOT_ASCII = /[\u007f-\uffff]/g
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
