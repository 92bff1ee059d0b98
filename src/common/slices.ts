/** Work that can be broken off anywhere: it yields the units of each step. */
export type Work<T> = Generator<number, T, undefined>

/** A unit is a look at one object, or at one entry of it: well below a microsecond. */
const SLICE_UNITS = 2_000

/** Does work in slices, with a turn for everything else in between. */
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
