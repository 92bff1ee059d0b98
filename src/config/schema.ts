// The schema of the configuration: every key, its type and its default.

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
import {
  address,
  callerTemplate,
  count,
  exclusions,
  gatewayHost,
  gatewayName,
  identityHeader,
  LLM_HOST,
  labelKey,
  labelValue,
  MAX_CORS_HEADERS,
  MAX_GATEWAYS,
  MAX_HOSTS,
  MAX_ORIGINS,
  namespace,
  ORIGIN,
  permissionList,
  proxy,
  serviceName,
  staleness,
  tls,
} from './values.ts'

/** The configuration of the installation, set by its administrator. */
export type Config = DeepReadonly<z.output<typeof CONFIG>>

export type DeepReadonly<T> = { readonly [K in keyof T]: DeepReadonly<T[K]> }

/** An object whose keys can be set individually; absent or null means empty. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape)).prefault({})

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
  http: section({
    address: address.default('0.0.0.0:9002'),
    auth: z.enum(['none', 'tokenReview']).default('none'),
  }),
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
