import { vi } from 'vitest'
import { lookingCommands } from '../src/cli/looking-commands.ts'
import { run } from '../src/cli/program.ts'
import { codeOf, tell } from '../src/cli/reporting.ts'

/** Runs the program in this process, which is faster; only commands that end. */
export async function runHere(...args: readonly string[]) {
  const text = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      text[name] += String(chunk)
      return true
    }),
  )
  const serve = async () => {}
  let code: number
  try {
    code = await run(args, '0.0.0', { serve, ...lookingCommands('0.0.0') })
  } catch (error) {
    tell(error)
    code = codeOf(error) ?? 1
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return { code, ...text }
}
