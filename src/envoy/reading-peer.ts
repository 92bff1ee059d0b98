// The connections of one address, which may be read in turns.

import type { Reads } from './socket-reads.ts'

/** A connection to read from. */
export type Reader = {
  readonly address: string
  readonly reads: Reads
  /** The work it brought in this turn, if it takes turns. */
  brought: number
}

export type ReadingPeer = {
  readonly address: string
  readonly readers: Set<Reader>
  /** Paused readers: those that are next, and the others, in order. */
  first: Reader[]
  waiting: Reader[]
  /** The work it brought in this turn. */
  work: number
  /** Its virtual time: the work it brought in its turns, starting from that of the others. */
  used: number
  /** Set while its connections take turns; `undefined`: they are read whenever data arrives. */
  round: Round | undefined
}

/** Readers to read, and the work they brought. */
export type Round = { left: number; work: number }

export const newPeer = (address: string): ReadingPeer => ({
  address,
  readers: new Set(),
  first: [],
  waiting: [],
  work: 0,
  used: 0,
  round: undefined,
})

export const roundOf = ({ readers }: ReadingPeer): Round => ({ left: readers.size, work: 0 })
