#!/usr/bin/env node
// The entry point of the command line.

import manifest from '../package.json' with { type: 'json' }
import { lookingCommands } from './cli/looking-commands.ts'
import { run } from './cli/program.ts'
import { codeOf, tell } from './cli/reporting.ts'
import { stopped } from './cli/stopped.ts'

const { version } = manifest

/** As a shell reports SIGPIPE: the reader of the output has gone. No command answers with it. */
const UNREAD = 141

const [first] = process.argv.slice(2)
if (first !== 'serve') process.stdout.once('error', () => process.exit(UNREAD))

try {
  process.exitCode = await run(process.argv.slice(2), version, {
    serve: async (flags) => {
      const { serve } = await import('./cli/serve.ts')
      const code = await serve(flags, version, stopped())
      // Open handles would keep the program running.
      process.exit(code)
    },
    ...lookingCommands(version),
  })
} catch (error) {
  tell(error)
  // Handles opened before the error would keep the program running.
  process.exit(codeOf(error) ?? 1)
}
