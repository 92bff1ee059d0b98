// Discovers the issuer of the cluster's tokens, and fetches its keys.

import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs, jittered } from '../../common/backoff.ts'
import type { Observer } from '../../common/dependency-calls.ts'
import { isRecord } from '../../common/json.ts'
import {
  answerProblem,
  describeApiProblem,
  isForbidden,
  isLasting,
  missingPermission,
} from '../client/api-problem.ts'
import type { ApiServer } from '../client/api-server.ts'

/** The issuer of a cluster's tokens, according to its API server. */
export type ClusterIssuer = {
  /** `undefined`: not known yet. */
  readonly name: () => string | undefined
  /** Why the last discovery failed; `''`: it did not. */
  readonly problem: () => string
  /** The cluster's public keys as JSON. Rejects if there is no answer. */
  readonly fetchKeys: (signal: AbortSignal) => Promise<unknown>
}

export type IssuerParts = {
  readonly api: Pick<ApiServer, 'send'>
  readonly observer: Pick<Observer, 'asked'>
  readonly failed: (problem: string, lasting: boolean) => void
  readonly signal: AbortSignal
  readonly periods?: Partial<IssuerPeriods>
}

/** All in milliseconds. */
type IssuerPeriods = {
  readonly call: number
  readonly firstRetry: number
  readonly longestRetry: number
  readonly refresh: number
}

const PERIODS: IssuerPeriods = {
  call: 3_000,
  firstRetry: 200,
  longestRetry: 5_000,
  refresh: 10 * 60_000,
}

const DISCOVERY = '/.well-known/openid-configuration'
const KEYS = '/openid/v1/jwks'

/** `name`: the configured issuer. Otherwise it is discovered, and refreshed. */
export function createClusterIssuer(name: string | null, parts: IssuerParts): ClusterIssuer {
  const { api, observer, failed, signal } = parts
  const periods = { ...PERIODS, ...parts.periods }
  let found = name ?? undefined
  let problem = name === null ? 'not fetched yet' : ''
  if (name === null) void ask()

  return {
    name: () => found,
    problem: () => problem,
    fetchKeys: (closing) =>
      get(KEYS, 'application/jwk-set+json', closing).catch((error: unknown) => {
        throw isForbidden(error) ? new Error(missingPermission(`get ${KEYS}`)) : error
      }),
  }

  async function ask() {
    for (let failures = 0; !signal.aborted; ) {
      try {
        found = issuerIn(await get(DISCOVERY, 'application/json', signal))
        problem = ''
        failures = 0
      } catch (error) {
        failures += 1
        problem = describe(error)
        if (!signal.aborted) failed(problem, isLasting(error))
      }
      await delay(pauseMs(failures), undefined, { signal, ref: false }).catch(() => {})
    }
  }

  function pauseMs(failures: number): number {
    const { refresh, firstRetry, longestRetry } = periods
    return jittered(failures === 0 ? refresh : backoffMs(failures, firstRetry, longestRetry))
  }

  async function get(path: string, accept: string, closing: AbortSignal): Promise<unknown> {
    const begun = performance.now()
    const late = AbortSignal.timeout(periods.call)
    let result: 'success' | 'error' | 'timeout' = 'success'
    try {
      return await api.send({
        method: 'GET',
        path,
        accept,
        signal: AbortSignal.any([closing, late]),
      })
    } catch (error) {
      result = late.aborted ? 'timeout' : 'error'
      throw error
    } finally {
      const dependency = path === KEYS ? 'cluster-keys' : 'cluster-issuer'
      const seconds = (performance.now() - begun) / 1_000
      if (!closing.aborted) observer.asked({ dependency, result, seconds })
    }
  }
}

function issuerIn(answer: unknown): string {
  const named = isRecord(answer) ? answer.issuer : undefined
  if (typeof named !== 'string' || named === '') {
    throw new Error('the discovery document of the API server has no issuer')
  }
  return named
}

const describe = (error: unknown): string =>
  answerProblem(error) ?? describeApiProblem(error, `get ${DISCOVERY} (or set kubernetes.issuer)`)
