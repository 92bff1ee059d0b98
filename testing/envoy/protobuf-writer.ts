/** A minimal protobuf writer, field by field. */

const LENGTH_DELIMITED = 2

export const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields)

export const bytesField = (number: number, value: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(value.length), value])

export const textField = (number: number, value: string): Buffer =>
  bytesField(number, Buffer.from(value))

export const numberField = (number: number, value: number): Buffer =>
  Buffer.concat([varint(number << 3), varint(value)])

export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.from([...bytes, rest])
}
