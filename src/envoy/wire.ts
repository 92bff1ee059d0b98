// Walks over the fields of a message in the wire format of Protocol Buffers.

export const VARINT = 0
const FIXED64 = 1
export const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** Most fields of a message that is walked over. */
export const MOST_WALKED = 256

/** The field that was read last. */
export type Walk = {
  readonly bytes: Buffer
  at: number
  field: number
  wire: number
  /** Where the value of a length-delimited field begins and ends. */
  from: number
  to: number
  /** The value of a number. */
  value: number
  left: number
  /** The message is not in the form that ordinary encoders write: decode it. */
  odd: boolean
}

export const walkOver = (bytes: Buffer): Walk => ({
  bytes,
  at: 0,
  field: 0,
  wire: 0,
  from: 0,
  to: 0,
  value: 0,
  left: MOST_WALKED,
  odd: false,
})

/**
 * Reads the next field of a message that ends at `end`. `false`: there is none, or the message is odd. A field
 * number over 15 is odd: none of the messages that are walked over has one.
 */
export function next(walk: Walk, end: number): boolean {
  if (walk.odd || walk.at >= end) return false
  walk.left -= 1
  const tag = walk.bytes[walk.at] ?? 0
  walk.at += 1
  walk.field = tag >>> 3
  walk.wire = tag & 7
  if (tag >= 0x80 || walk.field === 0 || walk.left < 0) return isOdd(walk)
  if (walk.wire === LENGTH_DELIMITED) {
    const length = varint(walk)
    if (length < 0) return isOdd(walk)
    walk.from = walk.at
    walk.to = walk.at + length
    walk.at = walk.to
  } else if (walk.wire === VARINT) walk.value = varint(walk)
  else if (walk.wire === FIXED64) walk.at += 8
  else if (walk.wire === FIXED32) walk.at += 4
  else return isOdd(walk)
  return walk.at <= end ? !walk.odd : isOdd(walk)
}

export function isOdd(walk: Walk): false {
  walk.odd = true
  return false
}

/** -1: it has more than four bytes, as no length and no port has. */
function varint(walk: Walk): number {
  let value = 0
  for (let count = 0; count < MOST_VARINT_BYTES; count += 1) {
    const byte = walk.bytes[walk.at] ?? 0
    walk.at += 1
    if (count < 4) value |= (byte & 0x7f) << (7 * count)
    if (byte < 0x80) return count < 4 ? value : -1
  }
  walk.odd = true
  return -1
}

const MOST_VARINT_BYTES = 10
