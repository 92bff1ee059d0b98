// The connections of one address, which may be read in turns.

import type { Reads } from './socket-reads.ts'

/** A connection to read from. */
export type Reader = {
  readonly address: string
  readonly reads: Reads
  /** The work it brought in the last turn in which it was read, or brought any. */
  brought: number
  /** The number of that turn. */
  turn: number
}

export type ReadingPeer = {
  readonly address: string
  readonly readers: Set<Reader>
  /** Paused readers; the first is next. */
  readonly waiting: Set<Reader>
  /** The work it brought in this turn. */
  work: number
  /** Its virtual time: the work it brought in its turns, starting from that of the others. */
  used: number
  /** Set while its connections take turns; `undefined`: they are read whenever data arrives. */
  round: { left: number; work: number } | undefined
}

export const newPeer = (address: string): ReadingPeer => ({
  address,
  readers: new Set(),
  waiting: new Set(),
  work: 0,
  used: 0,
  round: undefined,
})

export const roundOf = ({ readers }: ReadingPeer) => ({ left: readers.size, work: 0 })
