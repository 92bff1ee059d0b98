import {
  type EnvoyBootstrap,
  envoyBootstrap,
  type ListenerTls,
} from '../../scripts/envoy-bootstrap.ts'
import { type Example, type Listener, notPathsOf } from './data.ts'

type Ports = {
  readonly tlsOf: (listener: Listener) => ListenerTls | undefined
  readonly authzPortOf: (listener: Listener) => number
  readonly httpUpstreamPort: number
  readonly grpcUpstreamPort: number
}

/** Envoy with the listeners of an example, configured as istiod does for its AuthorizationPolicies. */
export function bootstrapOf(
  example: Example,
  { tlsOf, authzPortOf, ...ports }: Ports,
): EnvoyBootstrap {
  const specs = Object.entries(example.listeners).map(([name, listener]) => ({
    ...withTls(tlsOf(listener)),
    name,
    host: listener.address,
    port: 0,
    normalizePath: listener.normalizePath,
    mergeSlashes: listener.mergeSlashes,
    authzPort: authzPortOf(listener),
    ...ports,
  }))
  const { admin, static_resources } = envoyBootstrap({ listeners: specs })
  const listeners = static_resources.listeners.map((listener) =>
    withoutPaths(listener, pathsOf(example, example.listeners[listener.name])),
  )
  return { admin, static_resources: { ...static_resources, listeners } }
}

const withTls = (tls: ListenerTls | undefined) => (tls === undefined ? {} : { tls })

const pathsOf = (example: Example, listener: Listener | undefined) =>
  listener === undefined ? [] : notPathsOf(example, listener)

type EnvoyListener = EnvoyBootstrap['static_resources']['listeners'][number]

/** The service is called only if the rule matches: a filter before it marks those requests. */
function withoutPaths(listener: EnvoyListener, paths: readonly string[]): EnvoyListener {
  if (paths.length === 0) return listener
  const marking = { name: 'envoy.filters.http.rbac', typed_config: rbac(paths) }
  return {
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => ({
      ...chain,
      filters: chain.filters.map(({ name, typed_config }) => ({
        name,
        typed_config: {
          ...typed_config,
          http_filters: [marking, ...typed_config.http_filters.map(ifMarked)],
        },
      })),
    })),
  }
}

const RULE = 'istio-ext-authz-kserve-authz-ns[istio-system]-policy[kserve-predictor]-rule[0]'

const rbac = (notPaths: readonly string[]) => ({
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
  shadow_rules: {
    action: 'DENY',
    policies: {
      [RULE]: {
        permissions: [
          {
            not_rule: {
              or_rules: { rules: notPaths.map((exact) => ({ url_path: { path: { exact } } })) },
            },
          },
        ],
        principals: [{ any: true }],
      },
    },
  },
  shadow_rules_stat_prefix: 'istio_ext_authz_',
})

const MARKED = {
  filter: 'envoy.filters.http.rbac',
  path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
  value: { string_match: { prefix: 'istio-ext-authz-kserve-authz' } },
}

type HttpFilter =
  EnvoyListener['filter_chains'][number]['filters'][number]['typed_config']['http_filters'][number]

const ifMarked = ({ name, typed_config }: HttpFilter): HttpFilter =>
  name === 'envoy.filters.http.ext_authz'
    ? { name, typed_config: enabledBy(typed_config) }
    : { name, typed_config }

const enabledBy = <T extends object>(config: T) => ({ ...config, filter_enabled_metadata: MARKED })
