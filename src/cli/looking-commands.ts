// The commands that look, each loaded when it runs: the service needs none of them.

import type { Commands } from './commands.ts'
import { USAGE } from './exit-codes.ts'
import { codeOf, tell } from './reporting.ts'

/** Exit code 1 is an answer of the command and nothing else. */
const looking =
  <Args extends readonly unknown[]>(load: () => Promise<(...args: Args) => Promise<number>>) =>
  async (...args: Args): Promise<number> => {
    try {
      const command = await load()
      return await command(...args)
    } catch (error) {
      tell(error)
      return codeOf(error) ?? USAGE
    }
  }

/** `version` is that of this program. */
export const lookingCommands = (version: string): Omit<Commands, 'serve'> => ({
  check: looking(async () => (await import('./check.ts')).check),
  services: looking(async () => (await import('./services.ts')).services),
  can: looking(async () => (await import('./can.ts')).can),
  lint: looking(async () => (await import('./lint.ts')).lint),
  explain: looking(async () => (await import('./explain-log.ts')).explainLog),
  test: looking(async () => (await import('./test-folder.ts')).testFolder),
  whoCan: looking(async () => (await import('./who-can.ts')).whoCan),
  doctor: looking(async () => {
    const { doctor } = await import('./doctor.ts')
    return (flags) => doctor(flags, version)
  }),
})
