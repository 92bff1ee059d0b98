import { setImmediate as turn } from 'node:timers/promises'

/**
 * The longest turn of the event loop, during which everything else waits, in milliseconds of the thread's CPU time:
 * other work of the machine does not count.
 */
export async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let last = process.threadCpuUsage()
  let ended = false
  const look = () => {
    const { user, system } = process.threadCpuUsage(last)
    longest = Math.max(longest, user + system)
    last = process.threadCpuUsage()
    if (!ended) setImmediate(look)
  }
  setImmediate(look)
  await work()
  // The last turn is seen in the next one.
  for (const _turn of [1, 2]) await turn()
  ended = true
  return longest / 1_000
}

/** The median duration of synchronous work, in milliseconds of the thread's CPU time. */
export function duration(work: () => unknown, times = 21): number {
  const spent = Array.from({ length: times }, () => {
    const begun = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(begun)
    return (user + system) / 1_000
  })
  return spent.sort((one, other) => one - other)[Math.floor(times / 2)] ?? Number.NaN
}

export const ms = (value: number): string => `${value.toFixed(1)} ms`
