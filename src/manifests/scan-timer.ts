// Determines when to scan again.

/** Determines when to scan again. */
export type ScanTimer = {
  /** Something may have changed. */
  readonly hint: () => void
  /**
   * Resolves after `restMs`, or `settleMs` after a hint, if that is earlier. A hint since the last wait
   * counts; further hints do not postpone it.
   */
  readonly next: (restMs: number, settleMs: number) => Promise<void>
  /** Ends the current wait and all later ones immediately. */
  readonly end: () => void
}

export function createScanTimer(): ScanTimer {
  let hinted = false
  let ended = false
  let wake: (() => void) | undefined
  let hasten: (() => void) | undefined

  const next = (restMs: number, settleMs: number) =>
    new Promise<void>((resolve) => {
      if (ended) return resolve()
      const due = performance.now() + restMs
      wake = () => {
        clearTimeout(timer)
        wake = undefined
        hasten = undefined
        hinted = false
        resolve()
      }
      let timer = setTimeout(wake, restMs)
      hasten = () => {
        hasten = undefined
        clearTimeout(timer)
        timer = setTimeout(() => wake?.(), Math.min(settleMs, Math.max(0, due - performance.now())))
      }
      if (hinted) hasten()
    })

  return {
    hint: () => {
      hinted = true
      hasten?.()
    },
    next,
    end: () => {
      ended = true
      wake?.()
    },
  }
}
