// Reads the connections of busy addresses in turns.

import { newPeer, type Reader, type ReadingPeer, type Round, roundOf } from './reading-peer.ts'
import type { Reads } from './socket-reads.ts'
import { createTurnWork } from './turn-work.ts'

/** A request is one unit of work, and so are this many bytes. */
export const WORK_BYTES = 8_192
/** The work an address may always bring in a turn. */
export const LIGHT_WORK = 8
/** Connections of busy addresses that are read in a turn, until they have used up their part of its work. */
export const READ_PER_TURN = 64
/** The work that a connection is expected to bring. */
const EXPECTED_WORK = 1
/** Opening a connection takes as long as so many requests. */
const OPENING_WORK = 8

type Parts = {
  /** Whether nothing is to be read from an address now. */
  readonly rests?: (address: string) => boolean
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number
}

/** The interval between two looks at addresses that rest. */
const REST_LOOK_MS = 50

export const workOf = (bytes: number): number => bytes / WORK_BYTES

/**
 * Node reads all readable connections in one turn of the event loop, up to 64 KiB each. Here the connections
 * of a busy address are read a few at a time, starting with the address that has brought the least
 * (start-time fair queueing, Goyal 1996).
 */
export function createReadTurns({ rests = () => false, now }: Parts = {}) {
  const peers = new Map<string, ReadingPeer>()
  /** Addresses whose connections take turns. */
  const heavy = new Set<ReadingPeer>()
  /** Readers of such addresses read in this turn. */
  let reading: Reader[] = []
  let worked: ReadingPeer[] = []
  let work = 0
  /** Of this, the work of connections that take turns. */
  let workInTurns = 0
  let floor = 0
  let turn: NodeJS.Immediate | undefined
  let later: NodeJS.Timeout | undefined
  const turnWork = createTurnWork(now)

  const allowance = () => Math.max(LIGHT_WORK, (turnWork.most() - work) / 2)
  const isUsedUp = () => workInTurns >= turnWork.most() / 2
  const schedule = () => {
    if (turn !== undefined) return
    turnWork.begin()
    turn = setImmediate(goOn)
  }
  const lookLater = () => {
    later ??= setTimeout(() => {
      later = undefined
      schedule()
    }, REST_LOOK_MS).unref()
  }
  const spend = (reader: Reader, units: number) => {
    const peer = peers.get(reader.address)
    if (peer === undefined) return
    work += units
    if (peer.work === 0) worked.push(peer)
    peer.work += units
    schedule()
    if (peer.round !== undefined) {
      peer.round.work += units
      reader.brought += units
      const wasUsedUp = isUsedUp()
      workInTurns += units
      if (!wasUsedUp && isUsedUp()) for (const { reads } of reading) reads.stop()
    } else if (peer.work > allowance() || rests(peer.address)) hold(peer)
  }

  /** Makes the connections of an address take turns. */
  const hold = (peer: ReadingPeer) => {
    heavy.add(peer)
    peer.used = Math.max(peer.used, floor)
    peer.round = roundOf(peer)
    for (const reader of peer.readers) wait(peer, reader)
  }
  const wait = (peer: ReadingPeer, reader: Reader) => {
    reader.reads.stop()
    peer.waiting.push(reader)
  }
  const free = (peer: ReadingPeer) => {
    heavy.delete(peer)
    peer.first = []
    peer.waiting = []
    peer.round = undefined
    for (const reader of peer.readers) reader.reads.start()
  }

  const goOn = () => {
    turn = undefined
    turnWork.end(work)
    putBackAll()
    work = 0
    workInTurns = 0
    for (const peer of worked) peer.work = 0
    worked = []
    for (let count = 0; count < READ_PER_TURN; count += 1) {
      const peer = next()
      if (peer === undefined) break
      readInTurn(peer)
    }
    if (reading.length > 0) schedule()
    else if (heavy.size > 0) lookLater()
  }

  const next = (): ReadingPeer | undefined => {
    let least: ReadingPeer | undefined
    for (const peer of heavy) {
      if (peer.first.length + peer.waiting.length === 0 || rests(peer.address)) continue
      if (peer.used < (least?.used ?? Number.POSITIVE_INFINITY)) least = peer
    }
    return least
  }

  /** Reads the next connection of an address. */
  const readInTurn = (peer: ReadingPeer) => {
    const reader = peer.first.shift() ?? peer.waiting.shift()
    if (reader === undefined || peer.round === undefined) return
    peer.round.left -= 1
    floor = Math.max(floor, peer.used)
    peer.used += EXPECTED_WORK
    reading.push(reader)
    reader.brought = 0
    reader.reads.start()
  }

  /**
   * libuv reads connections in the order in which they were started. If the work of the turn was used up, those after
   * the last one that brought some were not read: they are next.
   */
  const putBackAll = () => {
    const read = isUsedUp() ? reading.findLastIndex(({ brought }) => brought > 0) : reading.length
    for (const [index, reader] of reading.entries()) {
      const peer = peers.get(reader.address)
      if (peer?.round === undefined || !peer.readers.has(reader)) continue
      peer.used += reader.brought - EXPECTED_WORK
      if (index <= read) putBack(peer, peer.round, reader)
      else {
        peer.round.left += 1
        peer.first.push(reader)
      }
    }
    reading = []
  }

  const putBack = (peer: ReadingPeer, round: Round, reader: Reader) => {
    wait(peer, reader)
    if (round.left > 0) return
    // A whole round brought little, so it need not take turns any more.
    if (round.work <= LIGHT_WORK && !rests(peer.address)) free(peer)
    else peer.round = roundOf(peer)
  }

  return {
    add: (address: string, reads: Reads): Reader => {
      const reader = { address, reads, brought: 0 }
      const peer = peers.get(address) ?? newPeer(address)
      peers.set(address, peer)
      peer.readers.add(reader)
      work += OPENING_WORK
      schedule()
      if (peer.round === undefined) reads.start()
      else wait(peer, reader)
      return reader
    },
    remove: (reader: Reader) => {
      const peer = peers.get(reader.address)
      if (peer === undefined) return
      peer.readers.delete(reader)
      for (const line of [peer.first, peer.waiting]) {
        if (line.includes(reader)) line.splice(line.indexOf(reader), 1)
      }
      if (peer.readers.size > 0) return
      peers.delete(reader.address)
      heavy.delete(peer)
    },
    spend,
    close: () => {
      clearImmediate(turn)
      clearTimeout(later)
    },
  }
}
