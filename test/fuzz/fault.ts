import { costOf, growsTooFast, isTooSlow } from './cost.ts'
import type { Growth } from './growth.ts'
import { restoreShared } from './shared-state.ts'
import { must, type Target } from './target.ts'
import type { Watchdog } from './watchdog.ts'

/** Runs an input; returns why it is a finding, or `undefined` if it is not one. */
export async function faultOf(
  target: Target,
  watchdog: Watchdog,
  input: Buffer,
): Promise<string | undefined> {
  watchdog.begin(input)
  try {
    const cost = await costOf(target, input)
    must(!restoreShared(), 'changes process-wide state')
    must(!(await isTooSlow(target, input, cost)), 'takes too long for its size')
    return undefined
  } catch (error) {
    return error instanceof Error
      ? `${error.name}: ${error.message}`
      : 'throws a value that is not an error'
  } finally {
    watchdog.end()
  }
}

export const GROWS = 'work grows faster than the input'

/** The same for an input that grows. Exceptions are found elsewhere. */
export async function faultOfGrowth(
  target: Target,
  watchdog: Watchdog,
  growth: Growth,
): Promise<string | undefined> {
  watchdog.begin(Buffer.from(JSON.stringify(growth)))
  try {
    return (await growsTooFast(target, growth)) ? GROWS : undefined
  } catch {
    return undefined
  } finally {
    watchdog.end()
  }
}
