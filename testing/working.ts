import type { Work } from '../src/common/slices.ts'

/** All slices at once. */
export function done<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** A turn that is counted. */
export function countedTurns() {
  const turns = { count: 0 }
  return {
    turns,
    turn: () => {
      turns.count += 1
      return Promise.resolve()
    },
  }
}

/** How many turns everything else has while something is done. */
export async function turnsDuring<T>(work: () => Promise<T>) {
  let turns = 0
  let ended = false
  const tick = () => {
    turns += 1
    if (!ended) setImmediate(tick)
  }
  setImmediate(tick)
  const result = await work()
  ended = true
  return { result, turns }
}
