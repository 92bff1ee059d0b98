// Uses buffers again, so that many long messages leave little garbage.

export type BufferPool = {
  /** A buffer of at least this length, with any content. */
  readonly take: (length: number) => Buffer
  /** Nobody may use the buffer afterwards. */
  readonly give: (buffer: Buffer) => void
  /** The bytes of the buffers that nobody uses. */
  readonly free: () => number
}

/** The lengths of its buffers are powers of two, at least `least`. `most`: the bytes that are kept for later. */
export function createBufferPool({ least, most }: { least: number; most: number }): BufferPool {
  const unused = new Map<number, Buffer[]>()
  let free = 0
  return {
    take: (length) => {
      const rounded = Math.max(least, nextPowerOfTwo(length))
      const found = unused.get(rounded)?.pop()
      if (found === undefined) return Buffer.allocUnsafeSlow(rounded)
      free -= rounded
      return found
    },
    give: (buffer) => {
      if (free + buffer.length > most) return
      free += buffer.length
      const same = unused.get(buffer.length)
      if (same === undefined) unused.set(buffer.length, [buffer])
      else same.push(buffer)
    },
    free: () => free,
  }
}

const nextPowerOfTwo = (length: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, length)))
