import type { Duplex } from 'node:stream'
import { createTurns } from '../access/in-turn.ts'

/** Bytes of long messages that are taken in before everybody else has a turn. */
export const TURN_BYTES = 262_144
/** Messages that go on in the next turn: each brings 64 KiB at most, a window of HTTP/2. */
const RESUMED = 4

/** Lets long messages arrive in turn of their senders, a little in each turn of the event loop. */
export function createSlowLane() {
  /** Those that wait, by address. As many as there may be requests: the listener bounds them. */
  const waiting = createTurns<Duplex>(Number.POSITIVE_INFINITY)
  let spent = 0
  let turn: NodeJS.Immediate | undefined

  const goOn = () => {
    turn = undefined
    spent = 0
    for (let count = 0; count < RESUMED; count += 1) waiting.next()?.resume()
    if (waiting.size() > 0) turn = setImmediate(goOn)
  }

  return {
    /** Some bytes have come: the others may have to wait. */
    spend: (address: string, stream: Duplex, bytes: number) => {
      spent += bytes
      turn ??= setImmediate(goOn)
      if (spent <= TURN_BYTES) return
      stream.pause()
      waiting.add(address, stream)
    },
    close: () => clearImmediate(turn),
  }
}
