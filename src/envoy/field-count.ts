// Counts the fields of a request before it is decoded.

/** The nested messages that are read, by field number. */
type Fields = { readonly [field: number]: Fields }

const HEADERS: Fields = { 3: {}, 13: { 1: {} } }
const PEER: Fields = { 1: { 1: {} } }
const CHECK_REQUEST: Fields = { 1: { 1: PEER, 2: PEER, 4: { 2: HEADERS } } }

/** Most fields of a request, at any depth: about 1,300 headers. A field costs as much as a kilobyte of a value. */
export const MAX_FIELDS = 4_096
/** A tag and a value. */
const LEAST_BYTES = 2

/** Whether a CheckRequest has more fields than are decoded. The decoder detects malformed messages. */
export function hasTooManyFields(bytes: Buffer): boolean {
  if (bytes.length <= MAX_FIELDS * LEAST_BYTES) return false
  const reader = { bytes, at: 0, left: MAX_FIELDS }
  return !walk(reader, bytes.length, CHECK_REQUEST)
}

type Reader = { readonly bytes: Buffer; at: number; left: number }

/** `false`: too many. Stops at anything it does not understand. */
function walk(reader: Reader, end: number, fields: Fields): boolean {
  while (reader.at < end) {
    reader.left -= 1
    if (reader.left < 0) return false
    const tag = varint(reader)
    const wire = tag & 7
    if (wire === LENGTH_DELIMITED) {
      const length = varint(reader)
      const next = reader.at + length
      const inner = fields[tag >>> 3]
      if (inner !== undefined && !walk(reader, Math.min(next, end), inner)) return false
      reader.at = next
    } else if (wire === VARINT) varint(reader)
    else if (wire === FIXED64) reader.at += 8
    else if (wire === FIXED32) reader.at += 4
    // Groups are obsolete, and can be nested without limit.
    else return false
  }
  return true
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** Only five bytes count: no valid length is longer. */
function varint(reader: Reader): number {
  let value = 0
  for (let shift = 0; shift < 64; shift += 7) {
    const byte = reader.bytes[reader.at] ?? 0
    reader.at += 1
    if (shift < 35) value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  return value
}
