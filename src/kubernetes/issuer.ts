import { setTimeout as delay } from 'node:timers/promises'
import type { ApiServer } from './api-server.ts'
import { isFields } from './fields.ts'

const PATH = '/.well-known/openid-configuration'
const CALL_MS = 3_000
const RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

/** The issuer of a cluster's tokens, as its API server names it; asked for until it answers. */
export function discoverIssuer(api: ApiServer, signal: AbortSignal): () => string | undefined {
  let issuer: string | undefined
  void ask()
  return () => issuer

  async function ask() {
    for (let failures = 0; !signal.aborted && issuer === undefined; failures += 1) {
      issuer = await once().catch(() => undefined)
      if (issuer !== undefined) return
      const pause = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(failures, 10))
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
    }
  }

  async function once(): Promise<string | undefined> {
    const answer = await api.send({
      method: 'GET',
      path: PATH,
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    })
    const named = isFields(answer) ? answer.issuer : undefined
    return typeof named === 'string' && named !== '' ? named : undefined
  }
}
