import type { Gateway, Settings } from './model.ts'
import type { Random } from './random.ts'

const MODES: readonly [Settings['modes'], ...Settings['modes'][]] = [
  ['Standard'],
  ['Knative'],
  ['Standard', 'Knative'],
]

export function settingsOf(random: Random): Settings {
  const modes = random.pick(MODES)
  return {
    domain: random.pick(['example.com', 'apps.cluster.example']),
    additionalDomains: random.chance(0.3) ? ['alt.example.org'] : [],
    domainTemplate: random.pick([
      '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}',
      '{{ .Name }}.{{ .Namespace }}.{{ .IngressDomain }}',
    ]),
    pathTemplate:
      modes.length === 1 && random.chance(0.3)
        ? '/serving/{{ .Namespace }}/{{ .Name }}'
        : undefined,
    modelHeader: random.pick(['X-Gateway-Model-Name', 'X-Gateway-Model-Name', 'x-ai-eg-model']),
    loraStrategy: random.pick(['exact', 'regex']),
    modes,
    fullStatus: random.chance(0.6),
  }
}

type Known = 'all' | 'labelled' | 'none'

/** The gateways of a world that the service can identify. */
export const knownOf = (random: Random): Known =>
  random.pick(['all', 'all', 'all', 'labelled', 'none'])

export const gatewaysOf = (random: Random, { domain }: Settings, known: Known) => {
  const hostnames = () => random.pick([['*'], ['*'], [`*.${domain}`], ['*', `*.${domain}`]])
  let last = 1
  const gateway = (each: Omit<Gateway, 'listen' | 'isKnown'>): Gateway => {
    last += 1
    const isKnown = known === 'all' || (known === 'labelled' && each.api === 'gateway-api')
    return { ...each, listen: `127.0.0.${last}`, isKnown }
  }
  return [
    gateway({
      id: 'ingress',
      api: 'gateway-api',
      namespace: 'kserve',
      name: 'kserve-ingress-gateway',
      address: '203.0.113.3',
      hostnames: ['*', ...(random.chance(0.3) ? [`*.${domain}`] : [])],
    }),
    gateway({
      id: 'second',
      api: 'gateway-api',
      namespace: 'gw',
      name: 'models',
      address: random.pick(['203.0.113.51', 'lb-7.elb.example.net']),
      hostnames: hostnames(),
    }),
    gateway({
      id: 'knative',
      api: 'istio',
      namespace: 'knative-serving',
      name: 'knative-ingress-gateway',
      address: '203.0.113.77',
      hostnames: ['*'],
    }),
    gateway({
      id: 'local',
      api: 'istio',
      namespace: 'knative-serving',
      name: 'knative-local-gateway',
      address: '10.96.7.7',
      hostnames: ['*'],
    }),
  ] as const
}
