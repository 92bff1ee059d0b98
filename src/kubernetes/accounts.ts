import { isFields } from './fields.ts'
import type { Issued } from './issued.ts'
import type { Keeper } from './known.ts'
import type { Listed } from './watch-event.ts'

/** An object as it was seen; another once it has changed so that tokens may have ended. */
type Seen = {
  readonly uid: string
  readonly version: string
  /** Tells it from all that were seen before. */
  readonly number: number
  /** `performance.now()`. */
  readonly at: number
}

/** The objects of a token at one moment. */
export type Held = { readonly account: Seen | undefined; readonly secret: Seen | undefined }

export type Accounts = {
  readonly accounts: Keeper
  readonly secrets: Keeper
  readonly hold: (issued: Issued | undefined) => Held
  /** Whether the objects are still the same, or still missing. */
  readonly holds: (held: Held, issued: Issued | undefined) => boolean
  /** Whether the objects are there that a token does not outlive. */
  readonly isLiving: (issued: Issued | undefined) => boolean
  /** The same, at the latest after so long: what was just made is seen a moment later. */
  readonly willLive: (issued: Issued | undefined, withinMs: number) => Promise<boolean>
  /** Whether the API server may still answer from what it remembers of before the last change. */
  readonly isUnsettled: (held: Held, issued: Issued | undefined) => boolean
}

/** An API server remembers tokens that it found good for ten seconds. */
const SETTLED_MS = 15_000

const NOTHING: Held = { account: undefined, secret: undefined }

/** The ServiceAccounts and token Secrets of these namespaces (of all, if none is named), by their metadata alone. */
export function createAccounts(namespaces: readonly string[]): Accounts {
  const known = new Map<string, Seen>()
  const secrets = new Map<string, Seen>()
  const waiting = new Set<() => void>()
  let count = 0

  // Tokens of namespaces that are not watched end with what is remembered of them.
  const isWatched = ({ account }: Issued): boolean =>
    namespaces.length === 0 || namespaces.includes(account.slice(0, account.indexOf('/')))

  const hold = (issued: Issued | undefined): Held =>
    issued === undefined
      ? NOTHING
      : {
          account: known.get(issued.account),
          secret: issued.secret === undefined ? undefined : secrets.get(issued.secret),
        }

  const isLiving = (issued: Issued | undefined): boolean => {
    if (issued === undefined || !isWatched(issued)) return true
    const { account, secret } = hold(issued)
    const hasSecret = secret === undefined ? !issued.inSecret : isSame(secret, issued.secretUid)
    return isSame(account, issued.accountUid) && hasSecret
  }

  /** A change of nothing that matters leaves the object as it was seen. */
  const keeperOf = (objects: Map<string, Seen>, matters: (seen: Seen) => string) => ({
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
    accounts: keeperOf(known, ({ uid }) => uid),
    secrets: keeperOf(secrets, ({ uid, version }) => `${uid} ${version}`),
    hold,
    holds: (held, issued) =>
      issued === undefined ||
      (known.get(issued.account) === held.account &&
        (issued.secret === undefined || secrets.get(issued.secret) === held.secret)),
    isLiving,
    willLive: (issued, withinMs) =>
      isLiving(issued) ? Promise.resolve(true) : until(waiting, () => isLiving(issued), withinMs),
    isUnsettled: ({ secret }, issued) => {
      if (issued === undefined || !isWatched(issued)) return false
      if (!isLiving(issued)) return true
      // A Secret that is not seen is not watched, or was just deleted.
      const at = secret?.at ?? Number.POSITIVE_INFINITY
      return issued.secret !== undefined && performance.now() - at < SETTLED_MS
    },
  }
}

/** Where nothing is watched, a token ends with what is remembered of it. */
export const UNWATCHED: Accounts = {
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

/** Resolves to whether it came true in time. */
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
  const uid = isFields(content.metadata) ? content.metadata.uid : undefined
  return typeof uid === 'string' ? uid : ''
}
