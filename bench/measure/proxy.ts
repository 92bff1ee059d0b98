import { envoyBootstrap, type ListenerSpec } from '../../scripts/envoy-bootstrap.ts'
import { startEnvoy } from '../../scripts/start-envoy.ts'
import type { RunningServer } from './servers.ts'

/** What Envoy asks; `alone`: nobody. */
export const TARGETS = ['alone', 'null', 'nullGo', 'service'] as const
export type Target = (typeof TARGETS)[number]

export type EnvoyInFront = {
  readonly urlOf: (target: Target) => string
  readonly stop: () => Promise<void>
}
export type Servers = Readonly<Record<Exclude<Target, 'alone'>, RunningServer>>
/** A listener for each target; Envoy itself answers in place of the model. */
export async function startProxy(envoy: string, servers: Servers): Promise<EnvoyInFront> {
  const listeners: ListenerSpec[] = TARGETS.map((target) => ({
    name: target,
    port: 0,
    authzPort: target === 'alone' ? servers.null.grpcPort : servers[target].grpcPort,
    httpUpstreamPort: 1,
    timeout: '0.5s',
  }))
  const text = JSON.stringify(envoyBootstrap({ listeners }), withoutModel)
  const bootstrap: unknown = JSON.parse(text, (_key, value: unknown) =>
    isAlone(value) ? { ...value, http_filters: value.http_filters.slice(1) } : value,
  )
  const started = await startEnvoy({ envoy, bootstrap: Object(bootstrap) })
  const urlOf = (target: Target) => `http://127.0.0.1:${started.portOf(target)}/v1/models/m:predict`
  return { urlOf, stop: started.stop }
}

const DIRECT = { match: { prefix: '/' }, direct_response: { status: 200 } }
const withoutModel = (key: string, value: unknown) => (key === 'routes' ? [DIRECT] : value)

/** The connection manager of the listener without authorization, whose filter comes first. */
const isAlone = (value: unknown): value is { readonly http_filters: readonly unknown[] } =>
  typeof value === 'object' &&
  value !== null &&
  'http_filters' in value &&
  'stat_prefix' in value &&
  value.stat_prefix === 'alone' &&
  Array.isArray(value.http_filters)
