// Reports whether the data is complete and fresh.

import type { Config } from '../config/read-config.ts'
import type { Readiness } from '../observability/http.ts'
import type { Engine } from './engine.ts'
import { describeStale } from './fact-freshness.ts'

/** The conditions of `/readyz` about the data. */
export const readinessOf = (
  { resources, stale, revokesInstantly }: Engine,
  config: Config,
): readonly Readiness[] => [
  ...resources().map(({ resource, synced, detail }) => ({ name: resource, ok: synced, detail })),
  // Never failing; for information only.
  { name: 'freshness', ok: true, detail: describeStale(stale()) },
  { name: 'revocation', ok: true, detail: revocationIn(revokesInstantly(), config) },
]

function revocationIn(instantly: boolean, { kubernetes: { namespaces } }: Config): string {
  if (!instantly) return 'when cached answers expire, after about a minute'
  return namespaces.length === 0
    ? 'immediate'
    : 'immediate in these namespaces, otherwise after about a minute'
}

/** Polls until everything has been read. */
export function whenSynced({ synced }: Engine, then: () => void): NodeJS.Timeout | undefined {
  if (synced()) {
    then()
    return undefined
  }
  const timer = setInterval(() => {
    if (!synced()) return
    clearInterval(timer)
    then()
  }, SYNC_LOOK_MS)
  return timer
}

const SYNC_LOOK_MS = 20
