// Gives peer addresses a rest from being read if the listener refuses almost all of their requests.

import { createCache } from '../common/cache.ts'

/** Requests of an address between two judgements, and those of an address that has just rested. */
export const JUDGED_REQUESTS = 64
export const JUDGED_AFTER_REST = 16
/** Earlier requests count less at each judgement. A request may be refused long after it began. */
const EARLIER_PART = 0.75
/** An address rests if at least this part of its latest requests was refused. */
const REFUSED_PART = 0.9
/** The first rest and the longest one, in milliseconds. */
export const FIRST_REST_MS = 250
export const LONGEST_REST_MS = 8_000
const REST_GROWTH = 4
/** Addresses whose requests are counted. */
export const MAX_JUDGED_PEERS = 4_096
/** How long an address is known after it was judged, in milliseconds. */
const KNOWN_MS = 60_000

type Standing = {
  /** Requests since the last judgement. */
  count: number
  /** The latest requests, and how many of them were refused. */
  asked: number
  refused: number
  restMs: number
  until: number
}

type Clock = {
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number
  readonly random?: () => number
}

/**
 * A refused request costs almost as much as an answered one. A proxy with many requests in flight is refused
 * some of them, and none after a rest, because the others have been answered by then. Only a peer that never
 * finishes its requests is refused again, and then it rests for longer.
 */
export function createRests({ now = () => performance.now(), random = Math.random }: Clock = {}) {
  const standings = createCache<Standing>({ entries: MAX_JUDGED_PEERS, bytes: MAX_JUDGED_PEERS })

  const standingOf = (address: string): Standing => {
    const known = standings.get(address)
    if (known !== undefined) return known
    const standing = { count: 0, asked: 0, refused: 0, restMs: 0, until: 0 }
    standings.set(address, standing, KNOWN_MS)
    return standing
  }

  const judge = (address: string, standing: Standing) => {
    const isRefused = standing.refused >= REFUSED_PART * standing.asked
    standing.restMs = isRefused ? nextRest(standing.restMs) : 0
    // Many addresses do not come back at the same time.
    standing.until = now() + standing.restMs * (0.75 + random() / 2)
    standing.count = 0
    standing.asked *= EARLIER_PART
    standing.refused *= EARLIER_PART
    standings.set(address, standing, KNOWN_MS)
  }

  return {
    asked: (address: string) => {
      const standing = standingOf(address)
      standing.asked += 1
      standing.count += 1
      const judged = standing.restMs > 0 ? JUDGED_AFTER_REST : JUDGED_REQUESTS
      if (standing.count >= judged) judge(address, standing)
    },
    refused: (address: string) => {
      standingOf(address).refused += 1
    },
    /** Whether nothing is read from this address at present. */
    rests: (address: string): boolean => (standings.get(address)?.until ?? 0) > now(),
  }
}

const nextRest = (restMs: number) =>
  Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, REST_GROWTH * restMs))
