// Writes fields of denied answers whose parts are encoded already.

/** Seven bits in each byte, the last bits first. */
function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest]
    bytes.push((rest & 0x7f) | 0x80)
  }
}

/** A number, without its default 0. */
export const numberField = (field: number, value: number): Buffer =>
  Buffer.from([...varint(field << 3), ...varint(value)])

const LENGTH_DELIMITED = 2

/** A message, text or bytes, of these parts. */
export function bytesField(field: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const start = Buffer.from([...varint((field << 3) | LENGTH_DELIMITED), ...varint(length)])
  return Buffer.concat([start, ...parts], start.length + length)
}

export const textField = (field: number, text: string): Buffer =>
  bytesField(field, Buffer.from(text))

/** The numbers of the fields in CheckResponse, DeniedHttpResponse and their parts. */
export const STATUS = 1
export const DENIED = 2
const HEADERS = 2
export const BODY = 3

/** A header of a denied answer. */
export const headerField = (key: string, value: string): Buffer =>
  bytesField(HEADERS, bytesField(1, textField(1, key), textField(2, value)))
