import { httpRoute } from './http-route.ts'
import { type Backend, type Gateway, PREFIX, type Route } from './model.ts'
import type { Random } from './random.ts'

type Foreign = {
  readonly random: Random
  readonly gateways: readonly [Gateway, ...Gateway[]]
  readonly backends: readonly [Backend, ...Backend[]]
}

/** Routes to models that no KServe object mentions: on hosts and paths without an owner. */
export const foreignRoutes = (parts: Foreign) => {
  const { random, backends } = parts
  return random
    .shuffled(backends)
    .slice(0, 6)
    .map((backend) => foreignRoute(parts, backend))
}

function foreignRoute({ random, gateways }: Foreign, backend: Backend) {
  const { namespace, name } = backend
  const gateway = random.pick(gateways)
  const object = (apiVersion: string, kind: string, called: string, spec: object) => ({
    apiVersion,
    kind,
    metadata: { name: called, namespace },
    spec,
  })
  const common = {
    source: 'VirtualService',
    gateways: [gateway.id],
    backends: [backend],
    traits: [],
  } as const
  const plain = (value: string) => [{ path: { type: 'Plain', value } }] as const
  const mapped = `${name}.${namespace}.models.example.org`
  const kinds: readonly [() => Made, ...(() => Made)[]] = [
    () => ({
      route: { ...common, kind: 'DomainMapping', hostnames: [mapped], matches: plain('/') },
      object: object('serving.knative.dev/v1beta1', 'DomainMapping', mapped, {
        ref: { name: `${name}-predictor`, kind: 'Service', apiVersion: 'serving.knative.dev/v1' },
      }),
    }),
    () => ({
      route: {
        ...common,
        kind: 'own VirtualService',
        hostnames: [random.pick(['*.corp.example.org', `${name}.corp.example.org`])],
        matches: plain('/'),
      },
      object: object('networking.istio.io/v1', 'VirtualService', `own-${name}`, {}),
    }),
    () => ({
      route: {
        ...common,
        kind: 'own VirtualService',
        hostnames: ['*'],
        matches: plain(`/kfserving/${namespace}/${name}`),
      },
      object: object('networking.istio.io/v1', 'VirtualService', `star-${name}`, {}),
    }),
    () => {
      // Istio's Gateways have none.
      const parents = gateway.api === 'istio' ? gateways.slice(0, 1) : [gateway]
      const route: Route = {
        ...common,
        source: 'HTTPRoute',
        kind: 'own HTTPRoute',
        gateways: parents.map(({ id }) => id),
        hostnames: random.chance(0.5) ? [] : [`${name}.shop.example.org`],
        matches: [PREFIX(`/shop/${namespace}/${name}`)],
      }
      return { route, object: httpRoute(`shop-${name}`, [route], { parents, accepted: true }) }
    },
  ]
  return random.pick(kinds)()
}

type Made = { readonly route: Route; readonly object: object }
