import { type Growth, grown } from './growth.ts'
import type { Target } from './target.ts'

/** CPU time of this thread in milliseconds, without other work of the machine. */
export async function costOf({ run }: Pick<Target, 'run'>, input: Buffer): Promise<number> {
  const before = process.threadCpuUsage()
  await run(input)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

/** The minimum of several runs: compilation or garbage collection may have disturbed one. */
async function leastCost(target: Pick<Target, 'run'>, input: Buffer, runs: number) {
  let least = Number.POSITIVE_INFINITY
  for (let left = runs; left > 0; left -= 1) least = Math.min(least, await costOf(target, input))
  return least
}

/** Generous: slow machines, and instrumented code, take several times as long. */
const FIXED_MS = 50
const MS_PER_KIB = 2

/** Whether an input that took `cost` once takes too long for its size repeatedly. */
export async function isTooSlow(
  target: Pick<Target, 'run'>,
  input: Buffer,
  cost: number,
): Promise<boolean> {
  const bound = FIXED_MS + (MS_PER_KIB * input.length) / 1_024
  return cost > bound && (await leastCost(target, input, 3)) > bound
}

const STEP = 4
const FIRST_BYTES = 16 * 1_024
/** Smaller values are noise. */
const NOTABLE_MS = 20
/** Four times the input takes sixteen times the time if the work is quadratic. */
const MAX_RATIO = 9

/** Whether the time for an input grows faster than the input. */
export async function growsTooFast(target: Pick<Target, 'run'>, growth: Growth): Promise<boolean> {
  const times = Math.max(1, Math.round(FIRST_BYTES / Math.max(1, growth.repeated.length)))
  const [small, large] = [grown(growth, times), grown(growth, times * STEP)]
  if ((await costOf(target, large)) < NOTABLE_MS) return false
  for (let left = 3; left > 0; left -= 1) {
    const before = await leastCost(target, small, 3)
    const after = await leastCost(target, large, 3)
    if (after < NOTABLE_MS || after < before * MAX_RATIO) return false
  }
  return true
}
