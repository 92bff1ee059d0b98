import { canonicalHost } from '../../../src/common/host.ts'
import { isCanonicalPath } from '../../../src/common/path.ts'
import { readIngress } from '../../../src/resources/ingress.ts'
import { readKserveConfiguration } from '../../../src/resources/kserve-configuration.ts'
import type { ReadSettings } from '../../../src/resources/read-settings.ts'
import { type ResourceReading, readResource } from '../../../src/resources/resource.ts'
import { SETTINGS as PLAIN } from '../../../testing/objects.ts'
import { isSame } from '../same.ts'
import { jsonIn, must, quotesMarker, type Target } from '../target.ts'

const { ingress } = readIngress({
  data: {
    ingress: JSON.stringify({
      ingressDomain: 'models.example.com',
      additionalIngressDomains: ['models.example.org'],
      domainTemplate: '{{.Name}}-{{index .Labels "team"}}.{{ .Namespace }}.{{ .IngressDomain }}',
      pathTemplate: '/serving/{{ .Namespace }}/{{ .Name }}',
    }),
  },
})

const ALL_SET: ReadSettings = {
  ...PLAIN,
  protectByDefault: true,
  ownersMay: { optOut: false, anonymous: false, shadow: false, exclusions: false },
  ingress,
  defaultDeploymentMode: 'Standard',
  llmConfig: (_namespace, name) =>
    name === 'base'
      ? {
          model: 'meta/llama',
          adapters: ['one'],
          route: undefined,
          gatewayRefs: [],
          routes: [],
          group: undefined,
        }
      : undefined,
  gateways: {
    hosts: [
      {
        host: 'own.example.com',
        path: '/',
        kind: 'InferenceService',
        namespace: 'team',
        name: 'iris',
      },
    ],
  },
}

export const object: Target = {
  name: 'object',
  form: 'json',
  words: [
    'InferenceService',
    'InferenceGraph',
    'LLMInferenceService',
    'LLMInferenceServiceConfig',
    'ConfigMap',
    'AccessPolicy',
    'Pod',
    'Secret',
    'ServiceAccount',
    'Role',
    'RoleBinding',
    'ClusterRole',
    'ClusterRoleBinding',
    'metadata',
    'name',
    'namespace',
    'labels',
    'annotations',
    'uid',
    'spec',
    'status',
    'url',
    'http://iris.example.com/v1',
    'team',
    'kserve',
    'inferenceservice-config',
    'security.opendatahub.io/enable-auth',
    'kserve-authz.io/credential',
    'api-key',
    'data',
    'stringData',
    'api_key',
    'a2V5',
    'base',
    'baseRefs',
    'true',
    'false',
    'kserve-authz.io/expires-at',
    '2030-01-01T00:00:00Z',
    'podIPs',
    '10.0.0.1',
    'istio-proxy',
    '*',
  ],
  run: (input) => {
    const value = jsonIn(input)
    const before = input.toString()
    for (const settings of [PLAIN, ALL_SET]) isReadWell(value, settings)
    readKserveConfiguration(value)
    must(isSame(value, jsonIn(Buffer.from(before))), 'is changed by reading')
  },
}

function isReadWell(value: unknown, settings: ReadSettings) {
  const reading = readResource(value, settings)
  const { resource, problems } = reading
  // Objects of a folder are cloned after they are read; YAML is never that deep.
  if (canBeCloned(value)) must(isSame(structuredClone(resource), resource), 'is not a plain value')
  must(
    isSame(readResource(value, settings).problems, problems),
    'is read differently the second time',
  )
  must(problems.length <= 16, 'has too many problems')
  for (const { object, reason, message } of problems) {
    must(/^[A-Z][A-Za-z]+$/.test(reason), 'has a problem without a reason')
    must(/^[\x20-\x7e]{1,2000}$/.test(`${object}${message}`), 'has an unprintable problem')
  }
  if (resource.kind === 'api-key' || resource.kind === 'token')
    must(!quotesMarker(withoutNames(reading)), 'quotes a secret')
  meansLittle(reading)
}

function canBeCloned(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** Names and labels may be quoted. */
const withoutNames = ({ resource, problems }: ResourceReading): unknown => [
  problems.map(({ message }) => message),
  resource.kind === 'api-key' ? resource.key.digest : '',
  resource.kind === 'token' ? resource.token.digest : '',
]

function meansLittle({ resource, problems }: ResourceReading) {
  switch (resource.kind) {
    case 'service': {
      const { routes, protection } = resource.service
      must(['open', 'protected', 'lost'].includes(protection), 'is neither open nor protected')
      for (const { host, pathPrefix } of routes) {
        must(host === undefined || canonicalHost(host) === host, 'has an impossible host')
        must(pathPrefix === '' || isCanonicalPath(pathPrefix), 'has an impossible path')
        must(!pathPrefix.endsWith('/'), 'has a path with a trailing slash')
      }
      must(routes.length <= MAX_CLAIMS, 'has too many routes')
      return
    }
    case 'api-key':
      must(/^[0-9a-f]{64}$/.test(resource.key.digest), 'has no digest')
      must(
        resource.key.expiresAt === undefined || Number.isFinite(resource.key.expiresAt),
        'has an expiry that is not a time',
      )
      return
    case 'policy': {
      const isInvalid = problems.some(({ reason }) => reason === 'PolicyInvalid')
      must(!isInvalid || isClosing(resource.policy), 'is unreadable and does not close')
      return
    }
    default:
  }
}

const MAX_CLAIMS = 20_000

const isClosing = ({ terms, mode }: { readonly terms: unknown; readonly mode: string }): boolean =>
  terms === undefined || mode === 'enforce'
