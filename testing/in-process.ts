import { lookingCommands } from '../src/cli/looking-commands.ts'
import { run } from '../src/cli/program.ts'
import { codeOf, tell } from '../src/cli/reporting.ts'

/** Runs the program in this process, which is faster; only commands that end. */
export async function runHere(...args: readonly string[]) {
  const text = { stdout: '', stderr: '' }
  const original = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (chunk: string | Uint8Array) => {
      text[name] += String(chunk)
      return true
    }
  const serve = async () => {}
  let code: number
  try {
    code = await run(args, '0.0.0', { serve, ...lookingCommands('0.0.0') })
  } catch (error) {
    tell(error)
    code = codeOf(error) ?? 1
  } finally {
    for (const name of ['stdout', 'stderr'] as const) process[name].write = original[name]
  }
  return { code, ...text }
}
