// Reads KServe's ingress configuration.

import { canonicalHost } from '../common/host.ts'
import { isRecord, parseJson } from '../common/json.ts'
import { type Fields, isSubdomainName, textAt, valueAt } from './object.ts'
import type { Problem } from './problem.ts'
import { routedPath } from './routes.ts'
import { readTemplate, type Template } from './template.ts'

/** KServe's ingress configuration of InferenceServices. */
export type Ingress = {
  readonly domain: string
  readonly additionalDomains: readonly string[]
  /** Template of a host from name, namespace and domain; `undefined`: it cannot be read. */
  readonly domainTemplate: Template | undefined
  /** Template of a path on the host `domain`; `undefined`: there is none, or it cannot be read. */
  readonly pathTemplate: Template | undefined
  /** Whether hosts depend on labels or annotations, so that the owner of a service chooses its host. */
  readonly namesByOwner: boolean
  /** The header that selects a model at gateways, in lower case; `undefined`: KServe's default. */
  readonly modelHeader: string | undefined
  /** Whether routes are HTTPRoutes, whose path routes match the whole host (kserve/kserve#5384). */
  readonly gatewayApi: boolean
  /** The Gateway of these routes, and of LLMInferenceServices without one; `undefined`: not known. */
  readonly kserveGateway: string | undefined
  /** Whether KServe creates Istio VirtualServices for Knative services. */
  readonly istioHosts: boolean
  /** The Istio Gateways of these, outside and inside the cluster; `undefined`: not known. */
  readonly ingressGateway: string | undefined
  readonly localGateway: string | undefined
}

export type IngressReading = {
  readonly ingress: Ingress | undefined
  readonly problems: readonly Problem[]
}

const OBJECT = 'ConfigMap inferenceservice-config'
const DEFAULT_DOMAIN = 'example.com'
const DEFAULT_DOMAIN_TEMPLATE = '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}'
export const MAX_DOMAINS = 32

/** Reads the key `ingress` of ConfigMap `inferenceservice-config`. Ignores what cannot be read. */
export function readIngress(configMap: unknown): IngressReading {
  const text = textAt(configMap, 'data', 'ingress')
  if (text === undefined) return { ingress: undefined, problems: [] }
  const problems: Problem[] = []
  const raise: RaiseField = (field, what, effect = 'it is ignored') =>
    void problems.push({
      object: OBJECT,
      reason: 'UnreadableIngress',
      message: `data.ingress${field} ${what}: ${effect}`,
    })
  const fields = parseObject(text)
  if (fields === undefined) {
    raise('', 'is not a JSON object')
    return { ingress: undefined, problems }
  }
  return { ingress: readFields(fields, raise), problems }
}

type RaiseField = (field: string, what: string, effect?: string) => void

function readFields(fields: Fields, raise: RaiseField): Ingress | undefined {
  const domain = readDomain(valueAt(fields, 'ingressDomain') || DEFAULT_DOMAIN)
  if (domain === undefined) {
    raise('.ingressDomain', 'is not a host name')
    return undefined
  }
  const template = (name: string, isGood: (filled: string) => boolean, fallback?: string) => {
    const written = valueAt(fields, name) || fallback
    if (written === undefined) return undefined
    const read = typeof written === 'string' ? readTemplate(written) : undefined
    const example = read?.({ ...EXAMPLE, domain })
    if (example !== undefined && isGood(example)) return read
    raise(`.${name}`, 'is an unsupported template')
    return undefined
  }
  return {
    domain,
    additionalDomains: readDomains(valueAt(fields, 'additionalIngressDomains') ?? [], raise),
    domainTemplate: template(
      'domainTemplate',
      (host) => canonicalHost(host) !== undefined,
      DEFAULT_DOMAIN_TEMPLATE,
    ),
    pathTemplate: template('pathTemplate', (path) => routedPath(path) !== undefined),
    namesByOwner: OWNERS_FIELD.test(textAt(fields, 'domainTemplate') ?? ''),
    modelHeader: readHeaderName(valueAt(fields, 'modelBasedRoutingHeaderName'), raise),
    gatewayApi: valueAt(fields, 'enableGatewayApi') === true,
    kserveGateway: readGateway(fields, 'kserveIngressGateway', 'kserve/kserve-ingress-gateway'),
    istioHosts: valueAt(fields, 'disableIstioVirtualHost') !== true,
    ingressGateway: readGateway(fields, 'ingressGateway', `${KNATIVE}/knative-ingress-gateway`),
    localGateway: readGateway(fields, 'localGateway', `${KNATIVE}/knative-local-gateway`),
  }
}

const KNATIVE = 'knative-serving'

/** `namespace/name`, as in KServe's configuration. */
function readGateway(fields: Fields, name: string, usual: string): string | undefined {
  const written = valueAt(fields, name) || usual
  if (typeof written !== 'string') return undefined
  const parts = written.split('/')
  return parts.length === 2 && parts.every(isSubdomainName) ? written : undefined
}

const OWNERS_FIELD = /\.(?:Labels|Annotations)\b/
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/

function readHeaderName(written: unknown, raise: RaiseField): string | undefined {
  if (written === undefined || written === null || written === '') return undefined
  const name = typeof written === 'string' ? written.toLowerCase() : ''
  if (HEADER_NAME.test(name)) return name
  raise('.modelBasedRoutingHeaderName', 'is not a header name')
  return undefined
}

const ANY = { get: () => 'any' }
const EXAMPLE = { name: 'name', namespace: 'namespace', labels: ANY, annotations: ANY } as const

function readDomains(written: unknown, raise: RaiseField): readonly string[] {
  const field = '.additionalIngressDomains'
  if (!Array.isArray(written)) {
    raise(field, 'is not a list')
    return []
  }
  const domains = written.map(readDomain)
  if (domains.includes(undefined)) raise(field, 'has an entry that is not a host name')
  if (domains.length > MAX_DOMAINS)
    raise(field, `has more than ${MAX_DOMAINS} entries`, 'the rest are ignored')
  return [...new Set(domains.filter((domain) => domain !== undefined))].slice(0, MAX_DOMAINS)
}

const readDomain = (domain: unknown): string | undefined =>
  typeof domain === 'string' && !domain.includes(':') ? canonicalHost(domain) : undefined

/** A JSON object; `undefined`: any other text. */
export function parseObject(text: string): Fields | undefined {
  const value = parseJson(text)?.value
  return isRecord(value) ? value : undefined
}
