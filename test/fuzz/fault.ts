import { costOf, growsTooFast, isTooSlow } from './cost.ts'
import type { Growth } from './growth.ts'
import { restoreShared } from './shared-state.ts'
import { must, type Target } from './target.ts'
import type { Watchdog } from './watchdog.ts'

/** Runs an input; says why it is a finding, or `undefined` if it is none. */
export async function faultOf(
  target: Target,
  watchdog: Watchdog,
  input: Buffer,
): Promise<string | undefined> {
  watchdog.begin(input)
  try {
    const cost = await costOf(target, input)
    must(!restoreShared(), 'changes what the whole process shares')
    must(!(await isTooSlow(target, input, cost)), 'takes too long for its size')
    return undefined
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'throws what is no error'
  } finally {
    watchdog.end()
  }
}

export const GROWS = 'work grows faster than the input'

/** The same, of an input that grows. What throws is found elsewhere. */
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
