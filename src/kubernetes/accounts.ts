import { isFields } from './fields.ts'
import type { Follower } from './follow.ts'
import type { Listed } from './watch-event.ts'

/** What a token was issued for and does not outlive. */
export type Issued = {
  /** `namespace/name`. */
  readonly account: string
  readonly accountUid: string | undefined
  /** The Secret that holds the token, `namespace/name`; `undefined`: none does. */
  readonly secret: string | undefined
}

export type Accounts = {
  readonly accounts: Pick<Follower, 'put' | 'remove'>
  readonly secrets: Pick<Follower, 'put' | 'remove'>
  readonly isLiving: (issued: Issued) => boolean
  /** Whether it is there at the latest after so long: what was just made is seen a moment later. */
  readonly willLive: (issued: Issued, withinMs: number) => Promise<boolean>
}

const MAX_WAITING = 1_000

/** The ServiceAccounts and token Secrets of these namespaces (of all, if none is named), by their metadata alone. */
export function createAccounts(namespaces: readonly string[]): Accounts {
  const uids = new Map<string, string>()
  const secrets = new Set<string>()
  const waiting = new Set<() => void>()

  const isLiving = ({ account, accountUid, secret }: Issued): boolean => {
    // Those of namespaces that are not watched end with what is remembered of their tokens.
    if (namespaces.length > 0 && !namespaces.includes(namespaceOf(account))) return true
    const uid = uids.get(account)
    if (uid === undefined || (accountUid !== undefined && uid !== accountUid)) return false
    return secret === undefined || secrets.has(secret)
  }
  const lookAgain = () => {
    for (const look of [...waiting]) look()
  }

  return {
    isLiving,
    accounts: {
      put: ({ key, content }: Listed) => {
        uids.set(key, uidOf(content))
        lookAgain()
      },
      remove: (key) => void uids.delete(key),
    },
    secrets: {
      put: ({ key }: Listed) => {
        secrets.add(key)
        lookAgain()
      },
      remove: (key) => void secrets.delete(key),
    },
    willLive: (issued, withinMs) => {
      if (isLiving(issued)) return Promise.resolve(true)
      if (waiting.size >= MAX_WAITING) return Promise.resolve(false)
      return new Promise((resolve) => {
        const end = (living: boolean) => {
          waiting.delete(look)
          clearTimeout(timer)
          resolve(living)
        }
        const look = () => {
          if (isLiving(issued)) end(true)
        }
        const timer = setTimeout(end, withinMs, false)
        waiting.add(look)
      })
    },
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

function uidOf(content: Listed['content']): string {
  const uid = isFields(content.metadata) ? content.metadata.uid : undefined
  return typeof uid === 'string' ? uid : ''
}
