// Puts header blocks together, and reads them.

import { ownBytes } from '../common/own-bytes.ts'
import { createHpackDecoder, type HeaderBlock } from './hpack.ts'
import { areTrailers, type RequestHead, readRequestHead } from './request-head.ts'

/** Bytes of a block that is read; a longer one ends the connection. Headers within their limit fit. */
export const MAX_BLOCK_BYTES = 32_768
/** Bytes of a block that is remembered: with an index for each field it is short. */
const REMEMBERED_BYTES = 512

/** What a block is: `malformed` and `too-long` end the stream, `unreadable` ends the connection. */
type ReadBlock = RequestHead | 'malformed' | 'too-long' | 'unreadable'

/** The blocks of one connection. */
export type HeaderBlocks = {
  readonly readHead: (block: Buffer) => ReadBlock
  /** `undefined`: they are trailers. */
  readonly readTrailers: (block: Buffer) => Exclude<ReadBlock, RequestHead> | undefined
}

/**
 * Most blocks of a connection have the same bytes, since HPACK has an index for each field by then. Such a block is
 * decoded once: the same bytes mean the same until the table changes.
 */
export function createHeaderBlocks(): HeaderBlocks {
  const hpack = createHpackDecoder()
  let last: { block: Buffer; version: number; head: ReadBlock } | undefined

  const decode = (block: Buffer): HeaderBlock | 'too-long' | 'unreadable' => {
    const decoded = hpack.decode(block)
    if (decoded === undefined) return 'unreadable'
    return decoded.isTooLong ? 'too-long' : decoded
  }

  return {
    readHead: (block) => {
      const before = hpack.version()
      if (last !== undefined && last.version === before && last.block.equals(block))
        return last.head
      const decoded = decode(block)
      const head =
        typeof decoded === 'string' ? decoded : (readRequestHead(decoded.fields) ?? 'malformed')
      // It changed the table: the same bytes would change it again.
      const version = hpack.version()
      if (version === before && block.length <= REMEMBERED_BYTES)
        last = { block: ownBytes(block), version, head }
      return head
    },
    readTrailers: (block) => {
      const decoded = decode(block)
      if (typeof decoded === 'string') return decoded
      return areTrailers(decoded.fields) ? undefined : 'malformed'
    },
  }
}
