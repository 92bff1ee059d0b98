// The encoded answers of recent callers.

import type { Caller } from '../access/caller.ts'
import type { Allow, ClaimHeaders, CredentialPlace, DenyReason } from '../access/decision.ts'
import type { Service } from '../access/service.ts'
import { approximateBytes } from '../common/json-size.ts'
import { createRecent, type RecentBounds } from '../common/recent.ts'
import { ownBytesOf } from './fields.ts'

/** What an encoded part of an answer depends on. */
type ReplyKey = {
  readonly service: Service | undefined
  readonly caller: Caller | undefined
  readonly reason?: DenyReason | undefined
  readonly allowed?: Allow
}

/** Its bytes as text until it is found: most new callers have one request, and a buffer of its own is expensive. */
type Reply = { readonly key: ReplyKey; kept: string | Buffer }

export type Replies = {
  readonly find: (key: ReplyKey) => Buffer | undefined
  /** Adds the bytes of a reply, as of `fields.ts`. */
  readonly add: (key: ReplyKey, answer: string) => void
  readonly counts: () => {
    readonly entries: number
    readonly hits: number
    readonly misses: number
  }
}

/** Of callers; each has at most `REPLIES_EACH`. The bytes are those of the callers, too: a token may have many claims. */
export const REPLIES: RecentBounds = { entries: 16_384, bytes: 32 * 1024 * 1024 }
export const REPLIES_EACH = 64
/** Of a reply besides its bytes. */
const OVERHEAD_BYTES = 256

const NOBODY = {}

/** The replies of an owner, and its own bytes. */
type Kept = { readonly replies: readonly Reply[]; readonly ownBytes: number }

/** Keeps replies by caller, or by service if there is none. */
export function createReplies(bounds: RecentBounds = REPLIES): Replies {
  const recent = createRecent<object, Kept>(bounds)
  const ownerOf = ({ caller, service, allowed }: ReplyKey) =>
    allowed?.caller ?? caller ?? service ?? NOBODY

  return {
    find: (key) => {
      for (const reply of recent.get(ownerOf(key))?.replies ?? []) {
        if (!isFor(reply.key, key)) continue
        if (typeof reply.kept === 'string') reply.kept = ownBytesOf(reply.kept)
        return reply.kept
      }
      return undefined
    },
    add: (key, answer) => {
      const owner = ownerOf(key)
      const known = recent.get(owner)
      const reply: Reply = { key, kept: answer }
      const replies = [reply, ...(known?.replies ?? [])].slice(0, REPLIES_EACH)
      const ownBytes = known?.ownBytes ?? bytesOfCaller(key)
      const size = replies.reduce((sum, { kept }) => sum + kept.length + OVERHEAD_BYTES, ownBytes)
      recent.set(owner, { replies, ownBytes }, size)
    },
    counts: recent.counts,
  }
}

const bytesOfCaller = ({ caller, allowed }: ReplyKey): number =>
  approximateBytes(allowed?.caller ?? caller)

const isFor = (reply: ReplyKey, { service, caller, reason, allowed }: ReplyKey): boolean =>
  reply.service === service &&
  reply.caller === caller &&
  reply.reason === reason &&
  isSame(reply.allowed, allowed)

function isSame(one: ReplyKey['allowed'], other: ReplyKey['allowed']): boolean {
  if (one === undefined || other === undefined) return one === other
  return (
    one.caller === other.caller &&
    sameHeaders(one.claimHeaders, other.claimHeaders) &&
    samePlaces(one.consumed, other.consumed)
  )
}

function sameHeaders(one: ClaimHeaders, other: ClaimHeaders): boolean {
  if (one === other) return true
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && one[name] === other[name])
  )
}

const samePlaces = (one: readonly CredentialPlace[], other: readonly CredentialPlace[]): boolean =>
  one.length === other.length &&
  one.every(({ kind, name }, index) => kind === other[index]?.kind && name === other[index]?.name)
