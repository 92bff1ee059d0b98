// The schema of the configuration: every key, its type and its default.

import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'
import { JWT_LENGTH, MAX_CREDENTIAL_LENGTH, MAX_JWT_LENGTH } from '../access/credential.ts'
import { CONTEXT_TRUSTS, ROUTE_TRUSTS } from '../access/gateway-route.ts'
import { SERVICE_KINDS, type ServiceKind } from '../access/service.ts'
import type { Component } from '../access/workload.ts'
import { isCanonicalPath } from '../common/path.ts'
import { provider } from './jwt.ts'
import {
  claim,
  credentialHeader,
  file,
  isUnique,
  nonEmptyText,
  record,
  word,
} from './validators.ts'

/** The configuration of the installation, set by its administrator. */
export type Config = DeepReadonly<z.output<typeof CONFIG>>

export type DeepReadonly<T> = { readonly [K in keyof T]: DeepReadonly<T[K]> }

/** An object whose keys can be set individually; absent or null means empty. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape)).prefault({})

const ADDRESS = /^(?:\[(?<ipv6>[^\]]*)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/

function isAddress(text: string): boolean {
  const { ipv6, host = '', port } = ADDRESS.exec(text)?.groups ?? {}
  if (port === undefined || Number(port) > 65_535) return false
  if (ipv6 !== undefined) return isIPv6(ipv6)
  return isIPv4(host) || !/^[\d.]+$/.test(host)
}

const isAddressOfHost = (text: string): boolean => isIPv4(text) || isIPv6(text)

const address = z.string().refine(isAddress).describe('host:port')
const namespace = nonEmptyText('the name of a namespace', /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)

export const MAX_HOSTS = 4_096
const DNS_NAME = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*'
const LLM_HOST = new RegExp(`^(?:\\*\\.)?${DNS_NAME}$`)
const gatewayHost = nonEmptyText('a host name in lower case', new RegExp(`^${DNS_NAME}$`))
const serviceName = nonEmptyText(
  'the name of a service',
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
)

export const MAX_GATEWAYS = 256
const gatewayName = nonEmptyText(
  'a gateway, `namespace/name` or `istio:namespace/name`',
  /^(?:istio:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
)

const identityHeader = credentialHeader
  .refine((name) => name !== 'authorization')
  .describe('a header name in lower case that is not reserved')

/** Text with fields of the caller, each with an optional alternative: see `fillTemplate`. */
const callerTemplate = z
  .string()
  .max(1_024)
  .regex(/^(?:[^{}\P{ASCII}\p{Cc}]|\{(?:user|kind|namespace)(?:\|[^{}\P{ASCII}\p{Cc}]*)?\})*$/u)
  .describe('text, in which {user}, {kind} and {namespace} are replaced; empty to only remove it')

export const MAX_ORIGINS = 256
export const MAX_CORS_HEADERS = 64
/** As browsers send it (RFC 6454 section 6.1): never `null`, which any sandboxed page has. */
const ORIGIN = /^(?:\*|https?:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?)$/

const labelKey = nonEmptyText(
  'a label key',
  /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/,
)
const labelValue = nonEmptyText('a label value', /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/)

/** A proxy of gateways: by its addresses, or by the labels of its pods. */
const proxy = z.union([
  z.strictObject({
    addresses: z
      .array(z.string().refine(isAddressOfHost).describe('an IP address'))
      .min(1)
      .max(MAX_GATEWAYS),
    gateways: z.array(gatewayName).min(1).max(MAX_GATEWAYS),
  }),
  z.strictObject({
    namespace,
    podLabels: record(labelKey, labelValue).refine((labels) => Object.keys(labels).length > 0),
    gateways: z.array(gatewayName).min(1).max(MAX_GATEWAYS),
  }),
])

const exclusions = z
  .array(
    z.strictObject({
      path: z
        .string()
        .refine(isCanonicalPath)
        .describe('a canonical path, without a query or percent-encoding'),
      methods: z
        .array(z.enum(['GET', 'HEAD']))
        .min(1)
        .default(['GET', 'HEAD']),
    }),
  )
  .exactOptional()

const PERMISSION = 'a list of 1 to 4 objects of verb, group, resource and name, each with a default'

/** `model`: whether a name may have the model. */
const permissionList = (model: boolean) =>
  z
    .array(
      z.strictObject({
        verb: nonEmptyText('a verb in lower case', /^[a-z]+(?:-[a-z]+)*$/).exactOptional(),
        group: z
          .string()
          .regex(/^[a-z0-9.-]{0,253}$/)
          .describe('an API group')
          .exactOptional(),
        resource: nonEmptyText('a plural resource', /^[a-z0-9][a-z0-9.-]{0,252}$/).exactOptional(),
        name: z
          .string()
          .max(1_024)
          .regex(model ? NAME_OF_LLM : NAME)
          .describe(
            `a name, in which {namespace}${model ? ', {name} and {model}' : ' and {name}'} are replaced`,
          )
          .exactOptional(),
      }),
    )
    .min(1)
    .max(4)
    .describe(PERMISSION)
    .exactOptional()

const NAME = /^(?:[A-Za-z0-9._:/-]|\{(?:namespace|name)\})*$/
const NAME_OF_LLM = /^(?:[A-Za-z0-9._:/-]|\{(?:namespace|name|model)\})*$/

const tls = z.strictObject({
  certFile: file,
  keyFile: file,
  clientCaFile: file.nullable().default(null),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
})

// An idle watch may be confirmed only after three minutes.
const staleness = z
  .int()
  .min(240)
  .max(604_800)
  .describe('a whole number of seconds from 240 to 604800')

const count = (least: number, most: number) =>
  z.int().min(least).max(most).describe(`a whole number from ${least} to ${most}`)

/** Every key, with its default; any other key is an error. */
export const CONFIG = section({
  grpc: section({
    listeners: z
      .array(
        z
          .strictObject({
            position: z.enum(['workload', 'gateway']),
            address,
            route: z.enum(ROUTE_TRUSTS).exactOptional(),
            contextExtensions: z.enum(CONTEXT_TRUSTS).exactOptional(),
          })
          .refine(
            ({ position, route, contextExtensions }) =>
              position === 'gateway' || (route ?? contextExtensions) === undefined,
          )
          .describe('an object of position, address and, at gateways, route and contextExtensions'),
      )
      .min(1)
      .default([
        { position: 'workload', address: '0.0.0.0:9001' },
        { position: 'gateway', address: '0.0.0.0:9003' },
      ]),
    tls: tls.nullable().default(null),
    maxRequestBytes: count(65_536, 16_777_216).default(1_048_576),
    maxConnections: count(64, 65_536).default(4_096),
    maxConnectionsPerAddress: count(8, 65_536).default(256),
  }),
  http: section({ address: address.default('0.0.0.0:9002') }),
  protectByDefault: z.boolean().default(false),
  ownersMay: section({
    optOut: z.boolean().default(true),
    anonymous: z.boolean().default(false),
    shadow: z.boolean().default(true),
    exclusions: z.boolean().default(true),
  }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  kubernetes: section({
    namespaces: z.array(namespace).default([]),
    audiences: z.array(word('an audience')).min(1).default(['https://kubernetes.default.svc']),
    issuer: word('an issuer').nullable().default(null),
    jwksFile: file.nullable().default(null),
    tokenHeaders: z.array(credentialHeader).default([]),
    opaqueTokenPrefixes: z.array(word('a prefix of tokens')).default(['sha256~']),
    instantRevocation: z.boolean().default(true),
    kserveNamespace: namespace.default('kserve'),
    maxAddressStalenessSeconds: staleness.default(300),
    maxStalenessSeconds: staleness.default(86_400),
  }),
  apiKeys: section({
    selector: section({
      // Without a label every Secret would be an API key.
      matchLabels: record(labelKey, labelValue)
        .refine((labels) => Object.keys(labels).length > 0)
        .describe('an object from a label key to a label value, not empty')
        .default({ 'kserve-authz.io/credential': 'api-key' }),
    }),
    dataNames: z
      .array(nonEmptyText('the name of an entry of a Secret', /^[\w.-]{1,253}$/))
      .min(1)
      .default(['api_key_sha256', 'api_key']),
    headers: z.array(credentialHeader).default(['authorization', 'x-api-key', 'api-key']),
    schemes: z
      .array(nonEmptyText('a scheme of Authorization', /^[A-Za-z][A-Za-z0-9-]{0,31}$/))
      .default(['Bearer']),
  }),
  jwt: section({
    providers: z
      .array(provider)
      .refine((providers) => isUnique(providers.map(({ name }) => name)))
      .describe('a list of providers, no two with the same name')
      .default([]),
    maxTokenBytes: count(MAX_CREDENTIAL_LENGTH, MAX_JWT_LENGTH).default(JWT_LENGTH),
  }),
  webSocketProtocols: z
    .array(
      z.strictObject({
        prefix: nonEmptyText('the prefix of a subprotocol', /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/),
        base64url: z.boolean().default(false),
      }),
    )
    .max(8)
    .describe('a list of at most 8 objects of prefix and base64url')
    .default([]),
  gateways: section({
    hosts: z
      .array(
        z.strictObject({
          host: gatewayHost,
          path: z
            .string()
            .refine(isCanonicalPath)
            .describe('a canonical path, without a query or percent-encoding')
            .default('/'),
          kind: z.enum(SERVICE_KINDS).default('InferenceService'),
          namespace,
          name: serviceName,
          gateways: z.array(gatewayName).min(1).max(MAX_GATEWAYS).exactOptional(),
        }),
      )
      .max(MAX_HOSTS)
      .describe(
        'a list of at most 4096 hosts, or paths on hosts, each with the service they lead to',
      )
      .default([]),
    llmHosts: z
      .array(nonEmptyText('a host name in lower case, or `*.` and a domain', LLM_HOST))
      .max(MAX_HOSTS)
      .default([]),
    hostPort: z.enum(['ignored', 'compared']).default('ignored'),
    asking: z
      .array(gatewayName)
      .min(1)
      .max(MAX_GATEWAYS)
      .describe('a list of gateways, `namespace/name` or `istio:namespace/name`, not empty')
      .nullable()
      .default(null),
    proxies: z
      .array(proxy)
      .max(MAX_GATEWAYS)
      .describe(
        'a list of proxies, each with `addresses`, or with `namespace` and `podLabels`, and its `gateways`',
      )
      .default([]),
    controllerNamespaces: z.array(namespace).default(['envoy-gateway-system']),
  }),
  mesh: section({
    trustDomain: nonEmptyText('a trust domain', /^[a-z0-9._-]{1,255}$/).default('cluster.local'),
    intermediaries: z
      .array(
        nonEmptyText(
          'namespace/ServiceAccount or namespace/*',
          /^[a-z0-9-]{1,63}\/(?:\*|[a-z0-9.-]{1,253})$/,
        ),
      )
      .default([
        'istio-system/*',
        'knative-serving/activator',
        // The Gateway of a default installation of KServe.
        'kserve/kserve-ingress-gateway-istio',
      ]),
  }),
  exclusions: z
    .strictObject({
      workload: z
        .strictObject({
          predictor: exclusions,
          transformer: exclusions,
          explainer: exclusions,
          graph: exclusions,
          llm: exclusions,
        } satisfies Record<Component, unknown>)
        .exactOptional(),
      gateway: z
        .strictObject({
          InferenceService: exclusions,
          InferenceGraph: exclusions,
          LLMInferenceService: exclusions,
        } satisfies Record<ServiceKind, unknown>)
        .exactOptional(),
    })
    .default({}),
  permissions: z
    .strictObject({
      InferenceService: permissionList(false),
      InferenceGraph: permissionList(false),
      LLMInferenceService: permissionList(true),
    } satisfies Record<ServiceKind, unknown>)
    .default({}),
  headers: section({
    user: identityHeader.default('x-auth-request-user'),
    groups: identityHeader.default('x-auth-request-groups'),
    groupsJson: identityHeader.default('x-auth-request-groups-json'),
    credential: identityHeader.default('x-auth-request-credential'),
    claims: record(identityHeader, claim).default({}),
    templates: record(identityHeader, callerTemplate).default({
      'x-gateway-inference-fairness-id': '{user}',
      'x-gateway-inference-objective': '',
    }),
  }),
  denial: section({
    realm: nonEmptyText('printable ASCII without " and \\', /^[ !#-[\]-~]+$/).default(
      'kubernetes-user',
    ),
  }),
  forwardCredential: z.enum(['auto', 'always', 'never']).default('auto'),
  corsPreflight: z.enum(['deny', 'allow']).default('deny'),
  cors: section({
    origins: z
      .array(nonEmptyText('an origin such as `https://app.example.com`, or `*`', ORIGIN))
      .max(MAX_ORIGINS)
      .describe('a list of at most 256 origins such as `https://app.example.com`, or `*`')
      .default([]),
    headers: z
      .array(nonEmptyText('a header name in lower case', /^[a-z0-9!#$%&'+.^_`|~-]{1,64}$/))
      .max(MAX_CORS_HEADERS)
      .describe('a list of at most 64 header names in lower case')
      .default(['authorization', 'content-type', 'x-api-key', 'api-key']),
    maxAge: count(0, 86_400).default(600),
  }),
  decisionLog: section({ decisions: z.enum(['all', 'denied', 'off']).default('all') }),
  metrics: section({ perService: z.boolean().default(true) }),
})
