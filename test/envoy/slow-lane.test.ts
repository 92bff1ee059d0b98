import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createSlowLane, TURN_BYTES } from '../../src/envoy/slow-lane.ts'

const CHUNK = 65_536
const CHUNKS = 8

/** Long messages that have come already; what is taken of them is noted. */
function arriving(lane: ReturnType<typeof createSlowLane>, addresses: readonly string[]) {
  const taken: string[] = []
  for (const address of addresses) {
    const stream = new PassThrough({ highWaterMark: CHUNK })
    let left = CHUNKS
    const send = () => {
      if (left === 0) return
      left -= 1
      stream.write(Buffer.alloc(CHUNK))
    }
    // The window opens once a part is taken.
    stream.on('data', (bytes: Buffer) => {
      taken.push(address)
      lane.spend(address, stream, bytes.length)
      send()
    })
    send()
  }
  return taken
}

describe('long messages', () => {
  it('take no more of a turn than they may, and all come in the end', async () => {
    const lane = createSlowLane()
    const taken = arriving(
      lane,
      Array.from({ length: 40 }, (_, index) => `a-${index}`),
    )
    const steps: number[] = []
    while (taken.length < 40 * CHUNKS && steps.length < 10_000) {
      const before = taken.length
      await turn()
      steps.push(taken.length - before)
    }
    expect(taken).toHaveLength(40 * CHUNKS)
    // Those that had begun when the turn was spent bring a part each, once.
    expect(Math.max(...steps.slice(2))).toBeLessThanOrEqual((2 * TURN_BYTES) / CHUNK)
    lane.close()
  })

  it('of one sender do not keep those of another', async () => {
    const lane = createSlowLane()
    const flood = Array.from({ length: 100 }, () => 'flood')
    const taken = arriving(lane, [...flood, 'other'])
    while (taken.filter((address) => address === 'other').length < CHUNKS) await turn()
    expect(taken.filter((address) => address === 'flood').length).toBeLessThan(100 * CHUNKS * 0.4)
    lane.close()
  })
})
