import path from 'node:path'
import { render } from '../deployment/render.ts'
import { at, listAt, textAt } from '../json.ts'

const SHIPPED = path.join(import.meta.dirname, '../../envoy-gateway')

export const ENVOY_VERSION = '1.40.0'
export const LISTENER_PORT = 8_080
const GATEWAY = { namespace: 'kserve', name: 'kserve-ingress-gateway' }

/** The parentRef by which a route of any namespace names the Gateway. */
export const PARENT = {
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  ...GATEWAY,
}

/** The rendered objects of folders of `envoy-gateway/`. */
export const shippedObjects = async (...folders: readonly string[]) =>
  (await Promise.all(folders.map((folder) => render(path.join(SHIPPED, folder))))).flat()

/**
 * A Gateway with the objects of `envoy-gateway/` that make it call the service on a loopback port. Without a cluster
 * there are no Services: a Backend of Envoy Gateway replaces ours.
 */
export async function gatewayObjects(authzPort: number): Promise<readonly object[]> {
  const [policy] = (await shippedObjects('gateway')).filter(({ kind }) => kind === 'SecurityPolicy')
  const [proxy] = await shippedObjects('access-log')
  const grpc = { backendRefs: [backendRef('kserve-authz')] }
  return [
    object(
      'gateway.networking.k8s.io/v1',
      'GatewayClass',
      { name: 'eg' },
      {
        controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
        parametersRef: {
          group: 'gateway.envoyproxy.io',
          kind: 'EnvoyProxy',
          namespace: 'kserve',
          name: 'kserve-authz',
        },
      },
    ),
    {
      ...proxy,
      spec: {
        telemetry: at(proxy, 'spec', 'telemetry'),
        provider: { type: 'Host', host: { envoyVersion: ENVOY_VERSION } },
        // By default the access log is buffered.
        logging: { level: { default: 'warn' } },
      },
    },
    object('gateway.networking.k8s.io/v1', 'Gateway', GATEWAY, {
      gatewayClassName: 'eg',
      listeners: [
        {
          name: 'http',
          protocol: 'HTTP',
          port: LISTENER_PORT,
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    }),
    {
      ...policy,
      spec: {
        ...entries(policy, 'spec'),
        extAuth: { ...entries(policy, 'spec', 'extAuth'), grpc },
      },
    },
    aBackend('kserve', 'kserve-authz', authzPort, ['gateway.envoyproxy.io/h2c']),
    object(
      EG,
      'ClientTrafficPolicy',
      { namespace: 'kserve', name: 'ids' },
      {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: GATEWAY.name }],
        headers: { requestID: 'PreserveOrGenerate', withUnderscoresAction: 'Allow' },
      },
    ),
  ]
}

const EG = 'gateway.envoyproxy.io/v1alpha1'

const object = (apiVersion: string, kind: string, metadata: object, spec: object) => ({
  apiVersion,
  kind,
  metadata,
  spec,
})

const entries = (value: unknown, ...keys: readonly string[]): object => {
  const found = at(value, ...keys)
  return typeof found === 'object' && found !== null ? found : {}
}

/** A loopback address under the name of a Kubernetes Service. */
export const aBackend = (
  namespace: string,
  name: string,
  port: number,
  appProtocols: readonly string[] = [],
) =>
  object(
    EG,
    'Backend',
    { namespace, name },
    {
      endpoints: [{ ip: { address: '127.0.0.1', port } }],
      ...(appProtocols.length === 0 ? {} : { appProtocols }),
    },
  )

const backendRef = (name: string) => ({ group: 'gateway.envoyproxy.io', kind: 'Backend', name })

const asBackend = (ref: unknown) => ({
  ...backendRef(`${textAt(ref, 'name')}-${Number(at(ref, 'port') ?? 80)}`),
  ...(at(ref, 'namespace') === undefined ? {} : { namespace: at(ref, 'namespace') }),
})

/**
 * A route in the form that Envoy Gateway accepts without a cluster: to Backends with the names and ports of
 * Services.
 */
export function withBackends<T extends object>(route: T): T {
  const rules = listAt(route, 'spec', 'rules').map((rule) => ({
    ...entries(rule),
    filters: listAt(rule, 'filters').map((filter) =>
      at(filter, 'requestMirror') === undefined
        ? filter
        : {
            ...entries(filter),
            requestMirror: { backendRef: asBackend(at(filter, 'requestMirror', 'backendRef')) },
          },
    ),
    backendRefs: listAt(rule, 'backendRefs').map((ref) => ({
      ...asBackend(ref),
      ...(at(ref, 'weight') === undefined ? {} : { weight: at(ref, 'weight') }),
    })),
  }))
  return { ...route, spec: { ...entries(route, 'spec'), rules } }
}
