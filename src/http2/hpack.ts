// Decodes blocks of headers: RFC 7541.

import { type HeaderField, hpackField, STATIC_TABLE, sizeOf } from './header-field.ts'
import { decodeHuffman } from './huffman.ts'
import { HEADER_TABLE_BYTES } from './protocol.ts'

/** The header fields of a block; `isTooLong`: there are more, which were dropped. */
export type HeaderBlock = { readonly fields: readonly HeaderField[]; readonly isTooLong: boolean }

/** Fields of a block, and their size as RFC 7541 section 4.1 counts it. */
export const MAX_HEADER_FIELDS = 128
export const MAX_LIST_BYTES = 32_768

/** Bits of a number, after its first byte: they hold every number that can be of use. */
const NUMBER_BITS = 28

/** Decodes the blocks of one connection, in their order. */
export type HpackDecoder = {
  /** `undefined`: the block cannot be decoded, and so no later one. */
  readonly decode: (block: Buffer) => HeaderBlock | undefined
  /** Changes whenever a block changes the table: until then the same bytes mean the same. */
  readonly version: () => number
}

export function createHpackDecoder(): HpackDecoder {
  /** The oldest entry first. */
  const table: HeaderField[] = []
  let bytes = 0
  let limit = HEADER_TABLE_BYTES
  let version = 0

  const evict = (most: number) => {
    let count = 0
    for (const field of table) {
      if (bytes <= most) break
      bytes -= sizeOf(field)
      count += 1
    }
    table.splice(0, count)
  }

  const insert = (field: HeaderField) => {
    version += 1
    const size = sizeOf(field)
    evict(limit - size)
    if (size > limit) return
    table.push(field)
    bytes += size
  }

  const fieldAt = (index: number): HeaderField | undefined =>
    index <= STATIC_TABLE.length
      ? STATIC_TABLE[index - 1]
      : table[table.length - (index - STATIC_TABLE.length)]

  function decode(block: Buffer): HeaderBlock | undefined {
    const fields: HeaderField[] = []
    let size = 0
    let isTooLong = false
    let at = 0
    /** A number whose first byte has this many bits for it; -1: it is not readable. */
    const number = (bits: number): number => {
      const most = 2 ** bits - 1
      let value = (block[at] ?? 0) & most
      at += 1
      if (value < most) return value
      for (let shift = 0; shift < NUMBER_BITS; shift += 7) {
        const byte = block[at]
        if (byte === undefined) return -1
        at += 1
        value += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) return value
      }
      return -1
    }
    const text = (): string | undefined => {
      const first = block[at]
      if (first === undefined) return undefined
      const length = number(7)
      const from = at
      if (length < 0 || from + length > block.length) return undefined
      at += length
      if (first < 0x80) return block.toString('latin1', from, at)
      return decodeHuffman(block.subarray(from, at))
    }
    const literal = (bits: number): HeaderField | undefined => {
      const index = number(bits)
      if (index < 0) return undefined
      const name = index === 0 ? text() : fieldAt(index)?.name
      const value = name === undefined ? undefined : text()
      return name === undefined || value === undefined ? undefined : hpackField(name, value)
    }
    const resize = (): boolean => {
      const size = number(5)
      if (size < 0 || size > HEADER_TABLE_BYTES || fields.length > 0) return false
      limit = size
      version += 1
      evict(limit)
      return true
    }

    while (at < block.length) {
      const first = block[at] ?? 0
      if (first >= 0x20 && first < 0x40) {
        if (!resize()) return undefined
        continue
      }
      const isIndexed = first >= 0x80
      const isKept = !isIndexed && first >= 0x40
      const field = isIndexed ? fieldAt(number(7)) : literal(isKept ? 6 : 4)
      if (field === undefined) return undefined
      if (isKept) insert(field)
      size += sizeOf(field)
      isTooLong ||= size > MAX_LIST_BYTES || fields.length >= MAX_HEADER_FIELDS
      if (!isTooLong) fields.push(field)
    }
    return { fields, isTooLong }
  }

  return { decode, version: () => version }
}
