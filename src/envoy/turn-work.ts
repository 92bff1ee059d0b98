// Learns how much work fits into a turn of the event loop.

/**
 * The most work in a turn, and the least where each piece takes long. A request is one unit. Requests that are read
 * together cost less each, so turns with little work would make a busy server slower. The ends of other threads' work
 * are noticed once in a turn: with much work in a turn, a flood of new tokens would leave those threads idle.
 */
export const TURN_WORK = 128
export const LEAST_TURN_WORK = 32
/** The intended length of a turn, in milliseconds. */
export const TURN_MS = 5
/** Turns with less work, or less than half of what fits, say little about its cost. */
const TELLING_WORK = 8

/** `now`: milliseconds of a monotonic clock. */
export function createTurnWork(now: () => number = () => performance.now()) {
  let begun = 0
  let fits = TURN_WORK
  return {
    /** The work for one turn. */
    most: () => fits,
    begin: () => {
      begun = now()
    },
    /** The turn is over, and brought this much work. */
    end: (work: number) => {
      if (work < Math.min(TELLING_WORK, fits / 2)) return
      const fitting = (TURN_MS * work) / Math.max(now() - begun, Number.EPSILON)
      fits = Math.min(TURN_WORK, Math.max(LEAST_TURN_WORK, (3 * fits + fitting) / 4))
    },
  }
}
