// Tracks the ServiceAccounts and Secrets of tokens.

import { isRecord } from '../../common/json.ts'
import type { Handler } from '../watch/store.ts'
import type { Listed } from '../watch/watch-event.ts'
import type { TokenBinding } from './token-binding.ts'

/** An object as seen; a new one after a change that may end tokens. */
type Seen = {
  readonly uid: string
  readonly version: string
  /** Unique for each seen object. */
  readonly number: number
  /** `performance.now()`. */
  readonly at: number
}

/** The objects of a token at one point in time. */
export type HeldOwners = { readonly account: Seen | undefined; readonly secret: Seen | undefined }

export type TokenOwners = {
  readonly accounts: Handler
  readonly secrets: Handler
  readonly hold: (binding: TokenBinding | undefined) => HeldOwners
  /** Whether the objects are unchanged, or still missing. */
  readonly holds: (held: HeldOwners, binding: TokenBinding | undefined) => boolean
  /** Whether the objects that the token is bound to exist. */
  readonly isLiving: (binding: TokenBinding | undefined) => boolean
  /** The same, waiting up to `withinMs`: a new object is seen a moment later. */
  readonly willLive: (binding: TokenBinding | undefined, withinMs: number) => Promise<boolean>
  /** Whether the API server's own cache may be older than the last change. */
  readonly isUnsettled: (held: HeldOwners, binding: TokenBinding | undefined) => boolean
}

/** An API server caches valid tokens for ten seconds. */
const SETTLED_MS = 15_000

const NOTHING: HeldOwners = { account: undefined, secret: undefined }

/** Watches the metadata of ServiceAccounts and token Secrets, of these namespaces or of all if none is named. */
export function createTokenOwners(namespaces: readonly string[]): TokenOwners {
  const known = new Map<string, Seen>()
  const secrets = new Map<string, Seen>()
  const waiting = new Set<() => void>()
  let count = 0

  // Tokens of other namespaces end when their cache entry expires.
  const isWatched = ({ account }: TokenBinding): boolean =>
    namespaces.length === 0 || namespaces.includes(account.slice(0, account.indexOf('/')))

  const hold = (binding: TokenBinding | undefined): HeldOwners =>
    binding === undefined
      ? NOTHING
      : {
          account: known.get(binding.account),
          secret: binding.secret === undefined ? undefined : secrets.get(binding.secret),
        }

  const isLiving = (binding: TokenBinding | undefined): boolean => {
    if (binding === undefined || !isWatched(binding)) return true
    const { account, secret } = hold(binding)
    const hasSecret = secret === undefined ? !binding.inSecret : isSame(secret, binding.secretUid)
    return isSame(account, binding.accountUid) && hasSecret
  }

  /** A change of other fields keeps the object as seen. */
  const handlerOf = (objects: Map<string, Seen>, matters: (seen: Seen) => string) => ({
    put: ({ key, version, content }: Listed) => {
      count += 1
      const seen = { uid: uidOf(content), version, number: count, at: performance.now() }
      const before = objects.get(key)
      if (before !== undefined && matters(before) === matters(seen)) return
      objects.set(key, seen)
      for (const look of waiting) look()
    },
    remove: (key: string) => void objects.delete(key),
  })

  return {
    accounts: handlerOf(known, ({ uid }) => uid),
    secrets: handlerOf(secrets, ({ uid, version }) => `${uid} ${version}`),
    hold,
    holds: (held, binding) =>
      binding === undefined ||
      (known.get(binding.account) === held.account &&
        (binding.secret === undefined || secrets.get(binding.secret) === held.secret)),
    isLiving,
    willLive: (binding, withinMs) =>
      isLiving(binding) ? Promise.resolve(true) : until(waiting, () => isLiving(binding), withinMs),
    isUnsettled: ({ secret }, binding) => {
      if (binding === undefined || !isWatched(binding)) return false
      if (!isLiving(binding)) return true
      // A missing Secret is not watched, or was just deleted.
      const at = secret?.at ?? Number.POSITIVE_INFINITY
      return binding.secret !== undefined && performance.now() - at < SETTLED_MS
    },
  }
}

/** Used if nothing is watched: a token ends when its cache entry expires. */
export const UNWATCHED: TokenOwners = {
  accounts: { put: () => {}, remove: () => {} },
  secrets: { put: () => {}, remove: () => {} },
  hold: () => NOTHING,
  holds: () => true,
  isLiving: () => true,
  willLive: () => Promise.resolve(true),
  isUnsettled: () => false,
}

const isSame = (seen: Seen | undefined, uid: string | undefined): boolean =>
  seen !== undefined && (uid === undefined || seen.uid === uid)

/** Resolves to whether the condition held in time. */
function until(waiting: Set<() => void>, holds: () => boolean, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (so: boolean) => {
      waiting.delete(look)
      clearTimeout(timer)
      resolve(so)
    }
    const look = () => {
      if (holds()) end(true)
    }
    const timer = setTimeout(end, Math.max(0, withinMs), false)
    waiting.add(look)
  })
}

function uidOf(content: Listed['content']): string {
  const uid = isRecord(content.metadata) ? content.metadata.uid : undefined
  return typeof uid === 'string' ? uid : ''
}
