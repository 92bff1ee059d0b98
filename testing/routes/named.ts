import type { Backend, Gateway, Good, Route, Settings } from './model.ts'
import type { Random } from './random.ts'

export type Named = {
  readonly namespace: string
  readonly name: string
  readonly open: boolean
}

export type Places = {
  readonly settings: Settings
  readonly random: Random
  /** KServe's own gateway of the Gateway API, and Knative's. */
  readonly ingress: Gateway
  readonly external: Gateway
  readonly local: Gateway
}

export const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'

/** By default only an LLM is protected. */
export const switchOf = ({ open }: Named, random: Random) =>
  open && random.chance(0.7) ? {} : { [ENABLE_AUTH]: String(!open) }

export const clusterNames = (name: string, namespace: string): readonly string[] =>
  ['', '.svc', '.svc.cluster.local'].map((suffix) => `${name}.${namespace}${suffix}`)

export const backendOf = (kind: Backend['kind'], { namespace, name, open }: Named): Backend => ({
  id: `${kind}/${namespace}/${name}`,
  kind,
  namespace,
  name,
  open,
})

export const goodOf = (
  kind: string,
  gateway: Gateway,
  host: string,
  backend: Backend,
  path = '/v1/models/m:predict',
): Good => ({
  kind,
  gateway: gateway.id,
  host,
  path,
  method: 'POST',
  headers: [],
  backends: [backend],
})

/** Matches every path of its hosts. */
export const wholeHosts = (
  kind: Route['kind'],
  gateway: Gateway,
  hostnames: readonly string[],
  backend: Backend,
): Route => ({
  kind,
  source: 'VirtualService',
  gateways: [gateway.id],
  hostnames,
  matches: [{ path: { type: 'Plain', value: '/' } }],
  backends: [backend],
  traits: [],
})

/** An InferenceService as an object. */
export const serviceObject = (
  named: Named,
  components: readonly string[],
  random: Random,
  { labels, status }: { readonly labels: object; readonly status: object },
) => ({
  apiVersion: `serving.kserve.io/v1beta1`,
  kind: 'InferenceService',
  metadata: {
    namespace: named.namespace,
    name: named.name,
    labels,
    annotations: switchOf(named, random),
  },
  spec: Object.fromEntries(
    components.map((each) => [
      each,
      each === 'predictor'
        ? { model: { modelFormat: { name: 'sklearn' }, storageUri: 'pvc://models/m' } }
        : { containers: [{ name: 'kserve-container', image: 'any' }] },
    ]),
  ),
  status,
})

export const componentsOf = (random: Random) =>
  random.chance(0.3) ? (['predictor', 'transformer'] as const) : (['predictor'] as const)
