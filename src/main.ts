#!/usr/bin/env node
import manifest from '../package.json' with { type: 'json' }
import { check } from './cli/check.ts'
import { UsageError } from './cli/check-message.ts'
import { run, USAGE } from './cli/program.ts'
import { serve } from './cli/serve.ts'
import { ConfigError } from './config/read-config.ts'

const { version } = manifest

/** Resolves to the signal that asks the program to stop. */
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
      // What nobody reads any more would keep the program for ever.
      process.exit(code)
    },
    // 1 says that a request is denied: nothing else may.
    check: (...asked) =>
      check(...asked).catch((error: unknown) => {
        tell(error)
        return USAGE
      }),
  })
} catch (error) {
  tell(error)
  // What was opened before the fault would keep the program for ever.
  process.exit(isUsage(error) ? USAGE : 1)
}
