// Writes fields of answers, as texts with a character for each byte: one copy then encodes the whole answer.

/** Seven bits in each byte, the last bits first. */
function varint(value: number): string {
  let text = ''
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) text += String.fromCharCode((rest & 0x7f) | 0x80)
  return text + String.fromCharCode(rest)
}

/** A number, without its default 0. */
export const numberField = (field: number, value: number): string =>
  varint(field << 3) + varint(value)

const LENGTH_DELIMITED = 2

/** A message, or a text in ASCII. */
export const field = (number: number, content: string): string =>
  varint((number << 3) | LENGTH_DELIMITED) + varint(content.length) + content

/** The numbers of the fields in CheckResponse, DeniedHttpResponse, OkHttpResponse and their parts. */
export const STATUS = 1
export const DENIED = 2
export const OK = 3
export const METADATA = 4
export const HEADERS = 2
export const BODY = 3

/** A header of a denied answer. */
export const headerField = (key: string, value: string): string =>
  field(HEADERS, field(1, field(1, key) + field(2, value)))

export const bytesOf = (answer: string): Buffer => Buffer.from(answer, 'latin1')

/** To be kept: a slice of Node's pool would retain its 64 KiB. */
export function ownBytesOf(answer: string): Buffer {
  const own = Buffer.allocUnsafeSlow(answer.length)
  own.write(answer, 'latin1')
  return own
}
