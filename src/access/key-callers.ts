// The callers that API keys stand for.

import { createRecent, type RecentBounds } from '../common/recent.ts'
import type { ApiKey } from './api-key.ts'
import type { Caller } from './caller.ts'

export const KEY_CALLERS: RecentBounds = { entries: 16_384 }
const NO_EXTRA: Caller['extra'] = {}

/** One object per key that was used recently, so that its encoded answer can be reused. */
export function createKeyCallers(): (key: ApiKey) => Caller {
  const callers = createRecent<ApiKey, Caller>(KEY_CALLERS)
  return (key) => {
    const kept = callers.get(key)
    if (kept !== undefined) return kept
    const caller = callerOf(key)
    callers.set(key, caller)
    return caller
  }
}

/** `namespace/name` of its Secret. */
export const referenceOf = ({ namespace, name }: ApiKey): string => `${namespace}/${name}`

/** Of a key that several Secrets hold. */
export const bothOf = (keys: readonly ApiKey[]): string =>
  keys.slice(0, 2).map(referenceOf).join(' and ')

const callerOf = (key: ApiKey): Caller => ({
  kind: 'api-key',
  user: key.user,
  groups: key.groups,
  uid: undefined,
  extra: NO_EXTRA,
  inRbac: false,
  reference: referenceOf(key),
  apiKey: key,
})
