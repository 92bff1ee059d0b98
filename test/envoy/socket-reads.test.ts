import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { turnReadsOf } from '../../src/envoy/socket-reads.ts'

function reading(isOpen: boolean) {
  const calls: string[] = []
  const readable = new Readable({ highWaterMark: 10, read: () => {} })
  const said = (name: string) => () => void calls.push(name)
  const http2 = {
    pause: said('pause'),
    resume: said('resume'),
    warn: said('warn'),
    close: said('close'),
    endStuck: said('endStuck'),
  }
  const kernel = { start: said('start'), stop: said('stop') }
  const reads = turnReadsOf({ readable, http2: isOpen ? http2 : undefined }, kernel)
  return { calls, readable, reads }
}

describe('a connection that takes turns', () => {
  it('starts and stops HTTP/2 with the kernel', () => {
    const { calls, reads } = reading(true)
    reads.stop()
    reads.start()
    expect(calls).toEqual(['stop', 'pause', 'resume', 'start'])
  })

  it('is read before HTTP/2 is opened', () => {
    const { calls, reads } = reading(false)
    reads.start()
    reads.stop()
    expect(calls).toEqual(['start', 'stop'])
  })

  it('is not read while HTTP/2 takes nothing of what was read', () => {
    const { calls, readable, reads } = reading(true)
    readable.push(Buffer.alloc(10))
    reads.start()
    expect(calls).toEqual(['resume'])
    readable.read(1)
    reads.start()
    expect(calls).toEqual(['resume', 'resume', 'start'])
  })
})
