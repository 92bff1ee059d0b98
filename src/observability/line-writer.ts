// Writes log lines without ever waiting for their reader.

import type { Writable } from 'node:stream'

type Options = {
  /**
   * Opens the output, at first and again after an error. A pipe or socket must be a stream of libuv: fs.write
   * would block a thread, and with it the end of the program.
   */
  readonly open: () => Writable
  /** Lines are buffered up to this many bytes, or for a second. */
  readonly batchBytes: number
  /** Called for each lost line. */
  readonly dropped: () => void
}

/** Buffer for a slow reader, in bytes: about 8,000 decisions. */
export const MAX_LINES_WAITING = 4 << 20
const FLUSH_MS = 1_000
/** Longest wait for the reader at the end, in milliseconds. */
const CLOSE_MS = 1_000
/** Wait after a write error, in milliseconds: a full disk may have room by then. */
const RETRY_MS = 1_000

/**
 * Writes lines of JSON as ASCII and never waits. Lines are buffered up to a bound, then dropped, as they are
 * while the output fails.
 */
export function createLineWriter({ open, batchBytes, dropped }: Options) {
  let batch = ''
  let lines = 0
  let brokenAt: number | undefined
  let stream = use(open())

  function use(next: Writable): Writable {
    next.on('error', () => {
      brokenAt = performance.now()
    })
    return next
  }

  /** Whether the output is usable, reopened if needed. */
  function reopened(): boolean {
    if (brokenAt === undefined) return true
    if (performance.now() - brokenAt < RETRY_MS) return false
    brokenAt = performance.now()
    const next = open()
    if (next.destroyed || next.errored !== null) return false
    if (next !== stream) stream = use(next)
    brokenAt = undefined
    return true
  }

  const drop = (count: number) => {
    for (let index = 0; index < count; index += 1) dropped()
  }
  const flush = () => {
    if (batch === '') return
    const count = lines
    stream.write(batch, 'latin1', (error) => drop(error ? count : 0))
    batch = ''
    lines = 0
  }
  const writeAscii = (line: string) => {
    if (!reopened() || stream.writableLength + batch.length + line.length > MAX_LINES_WAITING) {
      dropped()
      return
    }
    batch += line
    lines += 1
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

/** Escapes every character of JSON that is not ASCII. */
export const toAscii = (json: string): string => json.replace(NOT_ASCII, escaped)

// They could end a line, hide text or reverse its direction on a screen.
const NOT_ASCII = /[\u007f-\uffff]/g
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
