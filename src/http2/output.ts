// Collects the frames of one turn, and writes them at once.

import type { Duplex } from 'node:stream'

/** Bytes that the kernel has not taken, beyond which nothing more is read from the client. */
export const MAX_UNSENT_BYTES = 65_536

/** Writes to a connection. */
export type Output = {
  readonly add: (frames: Buffer) => void
  /** Writes what was added. */
  readonly flush: () => void
  /** Whether the client reads too little. */
  readonly isFull: () => boolean
}

export function createOutput(socket: Duplex): Output {
  let frames: Buffer[] = []
  let waiting = 0
  let isScheduled = false

  const flush = () => {
    isScheduled = false
    const [first] = frames
    if (first === undefined) return
    const bytes = frames.length === 1 ? first : Buffer.concat(frames)
    frames = []
    waiting = 0
    if (socket.writable) socket.write(bytes)
  }
  return {
    add: (bytes) => {
      frames.push(bytes)
      waiting += bytes.length
      if (isScheduled) return
      isScheduled = true
      process.nextTick(flush)
    },
    flush,
    isFull: () => {
      if (waiting > MAX_UNSENT_BYTES) flush()
      return socket.writableLength > MAX_UNSENT_BYTES
    },
  }
}
