import { describe, expect, it } from 'vitest'
import { hasTooManyFields } from '../../src/envoy/field-count.ts'
import { decodeCheckRequest, encodeCheckRequest, UNREADABLE } from '../../src/envoy/protocol.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'

const headers = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'a'.repeat(20)]))
const raw = (count: number) => ({
  header_map: {
    headers: Array.from({ length: count }, (_, index) => ({
      key: `x-${index}`,
      raw_value: Buffer.alloc(20, 97),
    })),
  },
})
/** Its length takes three bytes. */
const within = (tag: number, bytes: Buffer) =>
  Buffer.concat([
    Buffer.of(
      tag,
      (bytes.length & 0x7f) | 0x80,
      ((bytes.length >> 7) & 0x7f) | 0x80,
      bytes.length >> 14,
    ),
    bytes,
  ])

/** Calls that a reader makes per byte. */
function readsOf(bytes: Buffer): number {
  let reads = 0
  const counting = new Proxy(bytes, {
    get: (target, name) => {
      if (name !== 'length') reads += 1
      return Reflect.get(target, name)
    },
  })
  hasTooManyFields(counting)
  return reads
}

describe('a check of many fields', () => {
  it.each([
    ['1,000 headers', encodeCheckRequest(aCheck({ headers: headers(1_000) }))],
    ['1,000 raw headers', encodeCheckRequest(aCheck(raw(1_000)))],
    ['a long header', encodeCheckRequest(aCheck({ headers: { a: 'a'.repeat(1_000_000) } }))],
    [
      'a long body',
      Buffer.concat([encodeCheckRequest(aCheck()), within(0x7a, Buffer.alloc(900_000))]),
    ],
  ])('is decoded with %s', (_title, bytes) => {
    expect(hasTooManyFields(bytes)).toBe(false)
    expect(decodeCheckRequest(bytes)).not.toBe(UNREADABLE)
  })

  it.each([
    ['2,000 headers', encodeCheckRequest(aCheck({ headers: headers(2_000) }))],
    ['2,000 raw headers', encodeCheckRequest(aCheck(raw(2_000)))],
    ['unknown fields', Buffer.alloc(10_000, Buffer.of(0x78, 0))],
    ['repeated attributes', Buffer.alloc(10_000, Buffer.of(0x0a, 0))],
    [
      'unknown fields within the request',
      within(0x0a, within(0x22, Buffer.alloc(10_000, Buffer.of(0x78, 0)))),
    ],
    ['groups', Buffer.alloc(10_000, 0x7b)],
  ])('is refused with %s', (_title, bytes) => {
    expect(decodeCheckRequest(bytes)).toBe(UNREADABLE)
  })

  it('is abandoned as soon as it has too many', () => {
    const reads = [100_000, 1_000_000].map((length) =>
      readsOf(Buffer.alloc(length, Buffer.of(0x78, 0))),
    )
    expect(reads[1]).toBe(reads[0])
  })
})
