// Opens new connections a few at a time.

type Limits = {
  /** Connections without a request yet, in total and per address. */
  readonly opening: number
  readonly openingPerAddress: number
}

export type Opening = {
  readonly address: string
  /** Starts reading it. */
  readonly open: () => void
  /** Closes it: it is silent while others wait. */
  readonly end: () => void
}

/** Connections opened per turn of the event loop; the others wait and are not read. */
export const OPENED_PER_TURN = 2
/** A connection without a request gives way to others after this. */
const CROWDED_MS = 1_000

/**
 * Opens connections a few at a time, with addresses taking turns. Opening one costs a TLS handshake, followed
 * by all requests that the client has ready.
 */
export function createOpenings(
  { opening, openingPerAddress }: Limits,
  rests: (address: string) => boolean = () => false,
) {
  /** By address, in order of turns. */
  const waiting = new Map<string, Set<Opening>>()
  /** Open connections without a request, with their opening time: oldest first. */
  const begun = new Map<Opening, number>()
  const counts = new Map<string, number>()
  let turn: NodeJS.Immediate | undefined
  let later: NodeJS.Timeout | undefined

  const openNext = (): boolean => {
    for (const [address, line] of waiting) {
      const [next] = line
      if (next === undefined || !hasRoom(address)) continue
      take(next, waiting)
      if (line.size > 0) {
        waiting.delete(address)
        waiting.set(address, line)
      }
      begun.set(next, performance.now())
      counts.set(address, (counts.get(address) ?? 0) + 1)
      next.open()
      return true
    }
    return false
  }

  const hasRoom = (address: string): boolean => {
    const own = counts.get(address) ?? 0
    if (own >= openingPerAddress || rests(address)) return false
    return begun.size < opening || (own === 0 && endOne())
  }

  /** Closes one of the address with the most; if all have one, the oldest after CROWDED_MS. */
  const endOne = (): boolean => {
    let most = 1
    let last: Opening | undefined
    for (const each of begun.keys()) {
      const own = counts.get(each.address) ?? 0
      if (own > most) [most, last] = [own, each]
    }
    const [[first, since] = []] = begun
    if (last === undefined && performance.now() - (since ?? 0) >= CROWDED_MS) last = first
    if (last === undefined) return false
    settled(last)
    last.end()
    return true
  }

  const goOn = () => {
    turn = undefined
    for (let count = 0; count < OPENED_PER_TURN; count += 1) if (!openNext()) return lookLater()
    schedule()
  }
  const schedule = () => {
    if (waiting.size > 0) turn ??= setImmediate(goOn)
  }
  /** Meanwhile room is made only when a connection sends a request or closes. */
  const lookLater = () => {
    if (waiting.size === 0) return
    later ??= setTimeout(() => {
      later = undefined
      schedule()
    }, CROWDED_MS / 4).unref()
  }

  /** It has sent a request, or is closed. */
  const settled = (held: Opening) => {
    take(held, waiting)
    if (!begun.delete(held)) return
    const own = (counts.get(held.address) ?? 0) - 1
    if (own > 0) counts.set(held.address, own)
    else counts.delete(held.address)
    schedule()
  }

  return {
    add: (held: Opening) => {
      const line = waiting.get(held.address) ?? new Set()
      waiting.set(held.address, line.add(held))
      schedule()
    },
    settled,
    /** How many wait, and how many are open without a request. */
    held: () => ({
      waiting: [...waiting.values()].reduce((sum, { size }) => sum + size, 0),
      opening: begun.size,
    }),
    close: () => {
      clearImmediate(turn)
      clearTimeout(later)
    },
  }
}

function take(held: Opening, waiting: Map<string, Set<Opening>>) {
  const line = waiting.get(held.address)
  if (line?.delete(held) === true && line.size === 0) waiting.delete(held.address)
}
