#!/usr/bin/env node
// The entry point of the command line.

import manifest from '../package.json' with { type: 'json' }
import { can } from './cli/can.ts'
import { check } from './cli/check.ts'
import { doctor } from './cli/doctor.ts'
import { UNSEEN, UnseenError, USAGE, UsageError } from './cli/exit-codes.ts'
import { explainLog } from './cli/explain-log.ts'
import { lint } from './cli/lint.ts'
import { run } from './cli/program.ts'
import { serve } from './cli/serve.ts'
import { services } from './cli/services.ts'
import { testFolder } from './cli/test-folder.ts'
import { whoCan } from './cli/who-can.ts'
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

/** Exit code 1 is an answer of a command and nothing else. */
const looking =
  <Args extends readonly unknown[]>(command: (...args: Args) => Promise<number>) =>
  async (...args: Args): Promise<number> => {
    try {
      return await command(...args)
    } catch (error) {
      tell(error)
      return error instanceof UnseenError ? UNSEEN : USAGE
    }
  }

try {
  process.exitCode = await run(process.argv.slice(2), version, {
    serve: async (flags) => {
      const code = await serve(flags, version, stopped())
      // Open handles would keep the program running.
      process.exit(code)
    },
    // Exit code 1 means a denied request and nothing else.
    check: looking(check),
    services: looking(services),
    can: looking(can),
    lint: looking(lint),
    explain: looking(explainLog),
    test: looking(testFolder),
    whoCan: looking(whoCan),
    // What is wrong with the cluster is exit code 3, whatever error it is.
    doctor: (flags) =>
      doctor(flags).catch((error: unknown) => {
        tell(error)
        return isUsage(error) ? USAGE : UNSEEN
      }),
  })
} catch (error) {
  tell(error)
  // Handles opened before the error would keep the program running.
  process.exit(isUsage(error) ? USAGE : 1)
}
