// Runs turns one after the other, each at its time.

type Scheduler = {
  /** Plans a turn in `ms`, unless one is planned earlier. */
  readonly plan: (ms: number) => void
  readonly close: () => void
}

/**
 * Runs turns one after the other. A turn resolves to the wait before the next one in milliseconds
 * (`undefined`: until one is planned), and to a rest before which none runs.
 */
export function createScheduler(
  turn: () => Promise<{ readonly afterMs: number | undefined; readonly restMs?: number }>,
): Scheduler {
  let due = Number.POSITIVE_INFINITY
  let restUntil = 0
  let state: 'idle' | 'busy' | 'closed' = 'idle'
  let timer: NodeJS.Timeout | undefined

  const arm = () => {
    clearTimeout(timer)
    if (state !== 'idle' || due === Number.POSITIVE_INFINITY) return
    const waitMs = Math.max(due, restUntil) - performance.now()
    timer = setTimeout(() => void take(), Math.max(0, waitMs)).unref()
  }
  const plan = (ms: number) => {
    due = Math.min(due, performance.now() + ms)
    arm()
  }
  async function take() {
    state = 'busy'
    due = Number.POSITIVE_INFINITY
    const { afterMs, restMs = 0 } = await turn()
    if (state !== 'busy') return
    state = 'idle'
    restUntil = performance.now() + restMs
    plan(afterMs ?? Number.POSITIVE_INFINITY)
  }

  return {
    plan,
    close: () => {
      state = 'closed'
      clearTimeout(timer)
    },
  }
}
