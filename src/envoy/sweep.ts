// Repeats a search for overdue work, a few steps in each turn of the event loop.

/** Steps per turn: each ends a request or a connection. */
export const SWEPT_PER_TURN = 32
const SWEEP_MS = 500

/** Starts `steps` twice a second, once the previous run has ended. Many may be overdue at the same time. */
export function createSweep(steps: () => Iterator<unknown>) {
  let current: Iterator<unknown> | undefined
  let turn: NodeJS.Immediate | undefined

  const goOn = () => {
    for (let count = 0; count < SWEPT_PER_TURN; count += 1) {
      if (current?.next().done !== false) {
        current = undefined
        return
      }
    }
    turn = setImmediate(goOn)
  }
  const timer = setInterval(() => {
    if (current !== undefined) return
    current = steps()
    goOn()
  }, SWEEP_MS).unref()

  return {
    close: () => {
      clearInterval(timer)
      clearImmediate(turn)
    },
  }
}
