import type { Duplex } from 'node:stream'

/** Bytes of long messages that are taken in before everybody else has a turn. */
export const TURN_BYTES = 262_144
/** Messages that go on in the next turn: each brings 64 KiB at most, a window of HTTP/2. */
const RESUMED = 4

/** Lets long messages arrive in turn of their senders, a little in each turn of the event loop. */
export function createSlowLane() {
  /** Those that wait, by address; the address whose turn it is stands first. */
  const lines = new Map<string, Duplex[]>()
  let spent = 0
  let turn: NodeJS.Immediate | undefined

  const goOn = () => {
    turn = undefined
    spent = 0
    for (let count = 0; count < RESUMED; count += 1) first()?.resume()
    if (lines.size > 0) turn = setImmediate(goOn)
  }
  const first = (): Duplex | undefined => {
    const [next] = lines
    if (next === undefined) return undefined
    const [address, line] = next
    const stream = line.shift()
    lines.delete(address)
    if (line.length > 0) lines.set(address, line)
    return stream
  }

  return {
    /** Some bytes have come: the others may have to wait. */
    spend: (address: string, stream: Duplex, bytes: number) => {
      spent += bytes
      turn ??= setImmediate(goOn)
      if (spent <= TURN_BYTES) return
      stream.pause()
      const line = lines.get(address) ?? []
      line.push(stream)
      lines.set(address, line)
    },
    close: () => {
      clearImmediate(turn)
      lines.clear()
    },
  }
}
