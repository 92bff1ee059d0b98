#!/usr/bin/env node
// The entry point of the command line.

import manifest from '../package.json' with { type: 'json' }
import { check } from './cli/check.ts'
import { UsageError } from './cli/check-message.ts'
import { doctor } from './cli/doctor.ts'
import { run, UNREAD, USAGE } from './cli/program.ts'
import { serve } from './cli/serve.ts'
import { ConfigError } from './config/read-config.ts'

const { version } = manifest

/** Resolves to the signal that stops the program. */
const stopped = () =>
  new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })

const isUsage = (error: unknown): boolean =>
  error instanceof ConfigError || error instanceof UsageError

const tell = (error: unknown) => {
  const message = error instanceof Error ? error.message : 'unknown error'
  process.stderr.write(`kserve-authz: ${message}\n`)
}

try {
  process.exitCode = await run(process.argv.slice(2), version, {
    serve: async (flags) => {
      const code = await serve(flags, version, stopped())
      // Open handles would keep the program running.
      process.exit(code)
    },
    // Exit code 1 means a denied request and nothing else.
    check: (...asked) =>
      check(...asked).catch((error: unknown) => {
        tell(error)
        return USAGE
      }),
    // Exit code 1 means a finding.
    doctor: (flags) =>
      doctor(flags).catch((error: unknown) => {
        tell(error)
        return isUsage(error) ? USAGE : UNREAD
      }),
  })
} catch (error) {
  tell(error)
  // Handles opened before the error would keep the program running.
  process.exit(isUsage(error) ? USAGE : 1)
}
