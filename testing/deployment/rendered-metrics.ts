import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from '../../scripts/child.ts'
import { CREDENTIAL_KINDS } from '../../src/access/caller.ts'
import { DENY_REASONS } from '../../src/access/decision.ts'
import { createDirectory } from '../../src/access/directory.ts'
import { idOf } from '../../src/access/service.ts'
import { TOKEN_CAUSES } from '../../src/access/token-refusal.ts'
import { createMetrics, ORIGINS } from '../../src/observability/metrics.ts'
import { aService } from '../builders.ts'

/** One line of /metrics without its value. */
export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const RESOURCE = { resource: 'serviceaccounts', synced: true, restarts: 0, heardAt: 0 }
const DEPENDENCIES = ['jwks', 'tokenreview', 'subjectaccessreview', 'cluster-keys']

/** The content of /metrics after every kind of event. */
export async function renderedMetrics(): Promise<string> {
  const directory = createDirectory()
  const service = aService()
  directory.services.put(idOf(service), service)
  const metrics = createMetrics({
    perService: true,
    version: '1.2.3',
    directory,
    resources: () => [RESOURCE],
    keyAges: () => new Map([['keycloak', 1_000]]),
    caches: () => [{ cache: 'token', entries: 1, hits: 1, misses: 1 }],
    stale: () => [{ fact: 'pods', bound: 'address' }],
    revokesInstantly: () => true,
    unguarded: () => ({ unguarded: new Map([['pod-not-selected', 1]]), unknown: 1 }),
    insecureProviders: ['dex'],
  })
  const check = {
    namespace: service.namespace,
    name: service.name,
    credentialKind: 'none',
  } as const
  for (const credentialKind of CREDENTIAL_KINDS) {
    const allowed = { ...check, credentialKind, outcome: 'allow', reason: '' } as const
    metrics.observe({ ...allowed, seconds: 0.001 })
    metrics.observeShadow(allowed)
  }
  for (const reason of DENY_REASONS) {
    const denied = { ...check, outcome: 'deny', reason } as const
    metrics.observe({ ...denied, seconds: 0.001 })
    metrics.observeShadow(denied)
  }
  metrics.observeShadow({ ...check, outcome: 'unknown', reason: 'overloaded' })
  for (const dependency of DEPENDENCIES) {
    for (const result of ['success', 'error', 'timeout'] as const) {
      metrics.observeDependency({ dependency, result, seconds: 0.001 })
    }
  }
  metrics.observeShed('tokenreview-queue')
  for (const cause of TOKEN_CAUSES) metrics.observeTokenRefusal({ cause, provider: 'keycloak' })
  metrics.observeOddGroups('keycloak', 1)
  metrics.observeLeftOut('user', 'too-long')
  metrics.decisionLogDropped()
  for (const origin of ORIGINS) metrics.internalError(origin)
  collectGarbage()
  return until('garbage was collected', async () => {
    const text = await metrics.text()
    return text.includes('nodejs_gc_duration_seconds_count{') ? text : undefined
  })
}

/** Without this there may have been no collection to report. */
function collectGarbage() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

export const samplesOf = (text: string): readonly Sample[] =>
  [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [
        key,
        value,
      ]),
    ),
  }))
