import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import manifest from '../../package.json' with { type: 'json' }
import { isRecord } from '../../src/common/json.ts'
import { SETTINGS } from '../../testing/objects.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export type Fields = Readonly<Record<string, unknown>>

/** The objects of the files in a folder of the project that Kubernetes or Istio reads. */
export const shippedIn = (folder: string): readonly Fields[] =>
  readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .flatMap(({ name }) => loadAll(readFileSync(path.join(ROOT, folder, name), 'utf8')))
    .filter(isRecord)
    .filter(({ kind }) => kind !== 'Kustomization' && kind !== undefined)

const OWNED = { 'security.opendatahub.io/enable-auth': 'true' }

const aService = (name: string) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name, namespace: 'team', annotations: OWNED },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } },
})

const aPod = (name: string, containers: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `${name}-predictor-0`,
    namespace: 'team',
    labels: { 'serving.kserve.io/inferenceservice': name, component: 'predictor' },
  },
  spec: { containers: containers.map((each) => ({ name: each, image: 'model:1' })) },
})

const aRunning = (deployment: Fields): Fields => ({
  ...deployment,
  status: { replicas: 2, readyReplicas: 2, availableReplicas: 2 },
})

const INSTALLED = shippedIn('deploy').map((object) =>
  object.kind === 'Deployment' ? aRunning(object) : object,
)

const MESH = readFileSync(path.join(ROOT, 'istio/mesh-config/mesh-config.yaml'), 'utf8')

/** The mesh configuration as Istio's ConfigMap. */
const meshOf = (mesh: string, name = 'istio'): Fields => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'istio-system' },
  data: { mesh },
})

/** A pod of the service. */
export const aReplica = (spec: Fields): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'kserve-authz-1',
    namespace: 'kserve-authz',
    labels: { 'app.kubernetes.io/name': 'kserve-authz' },
  },
  spec,
})

/** A protected model behind the sidecars of Istio. */
export const IN_ISTIO: readonly Fields[] = [
  ...INSTALLED,
  ...shippedIn('istio/workloads'),
  meshOf(MESH),
  aService('iris'),
  aPod('iris', ['kserve-container', 'istio-proxy']),
]

/** A protected model behind a Gateway of Envoy Gateway, without sidecars. */
export const AT_ENVOY_GATEWAY: readonly Fields[] = [
  ...INSTALLED,
  ...shippedIn('envoy-gateway/gateway'),
  aService('iris'),
  aPod('iris', ['kserve-container']),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'models', namespace: 'team' },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [] },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'kserve-ingress-gateway', namespace: 'kserve' },
    spec: {
      gatewayClassName: 'envoy',
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: 'iris',
      namespace: 'team',
      ownerReferences: [
        {
          apiVersion: 'serving.kserve.io/v1beta1',
          kind: 'InferenceService',
          name: 'iris',
          uid: '8d5a9ad1-7bf5-4a7b-8e6c-1f5a0e9b2c33',
          controller: true,
        },
      ],
    },
    spec: { parentRefs: [{ name: 'kserve-ingress-gateway', namespace: 'kserve' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'envoy-kserve-1',
      namespace: 'envoy-gateway-system',
      labels: {
        'gateway.envoyproxy.io/owning-gateway-name': 'kserve-ingress-gateway',
        'gateway.envoyproxy.io/owning-gateway-namespace': 'kserve',
      },
    },
    spec: { containers: [{ name: 'envoy', image: 'envoy:1' }] },
  },
]

/** The kinds that shipped folders have beside those of the doctor are ignored. */
export const OPTIONS = {
  settings: {
    ...SETTINGS,
    gateways: { hosts: [], controllerNamespaces: ['envoy-gateway-system'] },
  },
  version: manifest.version,
  parse: (text: string): unknown => loadAll(text)[0],
  certFile: '/tls/tls.crt',
  tls: true,
  /** Two dates stand for a certificate. */
  certificate: (text: string) => {
    const [from = '', until] = text.split(' ')
    return until === undefined ? undefined : { from: new Date(from), until: new Date(until) }
  },
  now: new Date('2026-03-01'),
}

/** With another object in place of each that fits. */
export const changed = (
  objects: readonly Fields[],
  fits: string,
  change: (object: Fields) => Fields,
): readonly Fields[] => objects.map((object) => (nameOf(object) === fits ? change(object) : object))

/** Without the objects of this name. */
export const without = (objects: readonly Fields[], fits: string): readonly Fields[] =>
  objects.filter((object) => nameOf(object) !== fits)

/** `Kind name`. */
function nameOf({ kind, metadata }: Fields): string {
  return `${String(kind)} ${isRecord(metadata) ? String(metadata.name) : ''}`
}

/** With the changed fields of `spec`. */
export const spec =
  (fields: Fields) =>
  (object: Fields): Fields => ({
    ...object,
    spec: { ...(isRecord(object.spec) ? object.spec : {}), ...fields },
  })

/** With the changed fields of `spec.extAuth`. */
export const extAuth = (fields: Fields) => (object: Fields) =>
  spec({
    extAuth: {
      ...(isRecord(object.spec) && isRecord(object.spec.extAuth) ? object.spec.extAuth : {}),
      ...fields,
    },
  })(object)

/** With these labels or annotations. */
export const metadata =
  (fields: Fields) =>
  (object: Fields): Fields => ({
    ...object,
    metadata: { ...(isRecord(object.metadata) ? object.metadata : {}), ...fields },
  })

/** With another mesh configuration, in the ConfigMap of this name. */
export const mesh =
  (pattern: string | RegExp, replacement: string, name = 'istio') =>
  (): Fields =>
    meshOf(MESH.replaceAll(pattern, replacement), name)
