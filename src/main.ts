#!/usr/bin/env node
// The entry point of the command line.

import manifest from '../package.json' with { type: 'json' }
import { UNSEEN, UnseenError, USAGE, UsageError } from './cli/exit-codes.ts'
import { run } from './cli/program.ts'
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

/**
 * A command that looks, loaded when it runs: the service needs none of them. Exit code 1 is an answer of the
 * command and nothing else.
 */
const looking =
  <Args extends readonly unknown[]>(load: () => Promise<(...args: Args) => Promise<number>>) =>
  async (...args: Args): Promise<number> => {
    try {
      const command = await load()
      return await command(...args)
    } catch (error) {
      tell(error)
      return error instanceof UnseenError ? UNSEEN : USAGE
    }
  }

try {
  process.exitCode = await run(process.argv.slice(2), version, {
    serve: async (flags) => {
      const { serve } = await import('./cli/serve.ts')
      const code = await serve(flags, version, stopped())
      // Open handles would keep the program running.
      process.exit(code)
    },
    check: looking(async () => (await import('./cli/check.ts')).check),
    services: looking(async () => (await import('./cli/services.ts')).services),
    can: looking(async () => (await import('./cli/can.ts')).can),
    lint: looking(async () => (await import('./cli/lint.ts')).lint),
    explain: looking(async () => (await import('./cli/explain-log.ts')).explainLog),
    test: looking(async () => (await import('./cli/test-folder.ts')).testFolder),
    whoCan: looking(async () => (await import('./cli/who-can.ts')).whoCan),
    doctor: looking(async () => {
      const { doctor } = await import('./cli/doctor.ts')
      return (flags) => doctor(flags, version)
    }),
  })
} catch (error) {
  tell(error)
  // Handles opened before the error would keep the program running.
  process.exit(isUsage(error) ? USAGE : 1)
}
