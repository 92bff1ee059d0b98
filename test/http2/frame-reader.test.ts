import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFrameReader } from '../../src/http2/frame-reader.ts'
import { PREFACE } from '../../src/http2/protocol.ts'
import { DATA, type Frame, frame } from '../../testing/http2/raw-client.ts'

const PADDED = 8

/** What is read from these pieces of a connection. */
function readFrom(pieces: readonly Buffer[]) {
  const frames: Frame[] = []
  const faults: number[] = []
  const read = createFrameReader(
    (type, flags, id, payload) =>
      void frames.push({ type, flags, id, payload: Buffer.from(payload) }),
    (code) => void faults.push(code),
  )
  for (const piece of pieces) read(piece)
  return { frames, faults }
}

const aFrame = fc.record({
  type: fc.nat(12),
  flags: fc.nat(255),
  id: fc.nat(2 ** 31 - 1),
  payload: fc
    .oneof(fc.constant(0), fc.nat(40), fc.constant(16_384))
    .map((length) => Buffer.alloc(length, length % 251)),
})

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length))
}

const isPassedOn = ({ type, flags, payload }: Frame) =>
  type === DATA && (flags & PADDED) === 0 && payload.length > 0

/** Frames, but with one for each byte of data; only the last has the flags of the frame. */
const byteByByte = (frames: readonly Frame[]): readonly Frame[] =>
  frames.flatMap((one) =>
    isPassedOn(one)
      ? [...one.payload].map((byte, index) => ({
          ...one,
          flags: index + 1 === one.payload.length ? one.flags : 0,
          payload: Buffer.of(byte),
        }))
      : [one],
  )

/** The payload of an unknown type is skipped, or passed on if it is there. */
const known = (frames: readonly Frame[]): readonly Frame[] =>
  frames.map((one) => (one.type <= 9 ? one : { ...one, payload: Buffer.of() }))

describe('frames', () => {
  it('are the same, however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(aFrame, { maxLength: 6 }), fc.array(fc.nat()), (sent, places) => {
        const bytes = Buffer.concat([
          PREFACE,
          ...sent.map(({ type, flags, id, payload }) => frame(type, flags, id, payload)),
        ])
        const read = readFrom(cut(bytes, places))
        expect(read.faults).toEqual([])
        expect(byteByByte(known(read.frames))).toEqual(byteByByte(known(sent)))
      }),
    )
  })

  it('may arrive byte by byte', () => {
    const bytes = Buffer.concat([PREFACE, frame(DATA, 1, 3, Buffer.from('abc')), frame(4, 0, 0)])
    const { frames } = readFrom([...bytes].map((byte) => Buffer.of(byte)))
    expect(frames).toEqual([
      { type: DATA, flags: 0, id: 3, payload: Buffer.from('a') },
      { type: DATA, flags: 0, id: 3, payload: Buffer.from('b') },
      { type: DATA, flags: 1, id: 3, payload: Buffer.from('c') },
      { type: 4, flags: 0, id: 0, payload: Buffer.of() },
    ])
  })

  it('with padded data are passed on whole', () => {
    const bytes = Buffer.concat([PREFACE, frame(DATA, PADDED, 3, Buffer.from([1, 65, 0]))])
    const { frames } = readFrom([...bytes].map((byte) => Buffer.of(byte)))
    expect(frames).toEqual([{ type: DATA, flags: PADDED, id: 3, payload: Buffer.from([1, 65, 0]) }])
  })
})

describe('nothing is read after', () => {
  const late = frame(4, 0, 0)
  it.each([
    ['a wrong preface', 1, [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['a preface that is wrong at its end', 1, [PREFACE.subarray(0, 23), Buffer.from('x')]],
    ['a frame that is too long', 6, [PREFACE, Buffer.from('004001000000000001', 'hex')]],
    [
      'one whose header is cut',
      6,
      [PREFACE, Buffer.from('0040', 'hex'), Buffer.from('01000000000001', 'hex')],
    ],
  ])('%s', (_title, code, pieces) => {
    expect(readFrom([...pieces, late, late])).toEqual({ frames: [], faults: [code] })
  })
})
