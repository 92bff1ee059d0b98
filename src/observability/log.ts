// The program's own log.

import type { Writable } from 'node:stream'
import { pino, stdTimeFunctions } from 'pino'
import { createLineWriter } from './line-writer.ts'
import { opening } from './standard-output.ts'

/** Texts, numbers and booleans only: requests, objects and errors may contain secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

type Write = (fields: LogFields, message: string) => void

/** The program's own log. Messages are fixed phrases; everything variable is a field. */
export type Log = {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
}

/** Writes lines of JSON to stderr, of `level` and above. */
export function createLog(level: keyof Log, open: () => Writable = opening(process.stderr)): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    createLineWriter({ open, batchBytes: 0, dropped: () => {} }),
  )
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}

/** Writes each message once per period, in milliseconds; the next one has the number of repetitions as `repeated`. */
export function withoutRepeats(write: Write, periodMs: number, now = Date.now): Write {
  const told = new Map<string, { readonly at: number; repeated: number }>()
  return (fields, message) => {
    const last = told.get(message)
    if (last !== undefined && now() - last.at < periodMs) {
      last.repeated += 1
      return
    }
    told.set(message, { at: now(), repeated: 0 })
    write(last === undefined ? fields : { ...fields, repeated: last.repeated }, message)
  }
}
