import { isRecord } from '../../common/json.ts'
import type { Handler } from '../watch/store.ts'
import type { Listed } from '../watch/watch-event.ts'
import type { TokenBinding } from './token-binding.ts'

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
export type HeldOwners = { readonly account: Seen | undefined; readonly secret: Seen | undefined }

export type TokenOwners = {
  readonly accounts: Handler
  readonly secrets: Handler
  readonly hold: (binding: TokenBinding | undefined) => HeldOwners
  /** Whether the objects are still the same, or still missing. */
  readonly holds: (held: HeldOwners, binding: TokenBinding | undefined) => boolean
  /** Whether the objects are there that a token does not outlive. */
  readonly isLiving: (binding: TokenBinding | undefined) => boolean
  /** The same, at the latest after so long: what was just made is seen a moment later. */
  readonly willLive: (binding: TokenBinding | undefined, withinMs: number) => Promise<boolean>
  /** Whether the API server may still answer from what it remembers of before the last change. */
  readonly isUnsettled: (held: HeldOwners, binding: TokenBinding | undefined) => boolean
}

/** An API server remembers tokens that it found good for ten seconds. */
const SETTLED_MS = 15_000

const NOTHING: HeldOwners = { account: undefined, secret: undefined }

/** The ServiceAccounts and token Secrets of these namespaces (of all, if none is named), by their metadata alone. */
export function createTokenOwners(namespaces: readonly string[]): TokenOwners {
  const known = new Map<string, Seen>()
  const secrets = new Map<string, Seen>()
  const waiting = new Set<() => void>()
  let count = 0

  // Tokens of namespaces that are not watched end with what is remembered of them.
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

  /** A change of nothing that matters leaves the object as it was seen. */
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
      // A Secret that is not seen is not watched, or was just deleted.
      const at = secret?.at ?? Number.POSITIVE_INFINITY
      return binding.secret !== undefined && performance.now() - at < SETTLED_MS
    },
  }
}

/** Where nothing is watched, a token ends with what is remembered of it. */
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
  const uid = isRecord(content.metadata) ? content.metadata.uid : undefined
  return typeof uid === 'string' ? uid : ''
}
