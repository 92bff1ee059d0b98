// Reports errors of commands on stderr.

import { ConfigError } from '../config/read-config.ts'
import { UNSEEN, UnseenError, USAGE, UsageError } from './exit-codes.ts'

/** Writes an error for people. */
export function tell(error: unknown) {
  const message = error instanceof Error ? error.message : 'unknown error'
  process.stderr.write(`kserve-authz: ${message}\n`)
}

/** The exit code of an error; `undefined`: of a bug. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof UnseenError) return UNSEEN
  return error instanceof ConfigError || error instanceof UsageError ? USAGE : undefined
}
