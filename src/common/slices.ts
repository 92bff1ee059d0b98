// Runs long work in slices of the event loop.

/** Interruptible work: each step yields its cost in units. */
export type Work<T> = Generator<number, T, undefined>

/** A unit is one object, or one entry of it: well below a microsecond. */
const SLICE_UNITS = 2_000

/** Runs work in slices, with a turn of the event loop in between. */
export async function inSlices<T>(work: Work<T>, turn: () => Promise<unknown>): Promise<T> {
  let left = SLICE_UNITS
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    left -= step.value
    if (left > 0) continue
    await turn()
    left = SLICE_UNITS
  }
}
