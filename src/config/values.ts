// The schemas of single values of the configuration.

import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'
import { isCanonicalPath } from '../common/path.ts'
import { credentialHeader, file, nonEmptyText, record } from './validators.ts'

const ADDRESS = /^(?:\[(?<ipv6>[^\]]*)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/

function isAddress(text: string): boolean {
  const { ipv6, host = '', port } = ADDRESS.exec(text)?.groups ?? {}
  if (port === undefined || Number(port) > 65_535) return false
  if (ipv6 !== undefined) return isIPv6(ipv6)
  return isIPv4(host) || !/^[\d.]+$/.test(host)
}

const isAddressOfHost = (text: string): boolean => isIPv4(text) || isIPv6(text)

export const address = z.string().refine(isAddress).describe('host:port')
export const namespace = nonEmptyText(
  'the name of a namespace',
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
)

export const MAX_HOSTS = 4_096
const DNS_NAME = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*'
export const LLM_HOST = new RegExp(`^(?:\\*\\.)?${DNS_NAME}$`)
export const gatewayHost = nonEmptyText('a host name in lower case', new RegExp(`^${DNS_NAME}$`))
export const serviceName = nonEmptyText(
  'the name of a service',
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
)

export const MAX_GATEWAYS = 256
export const gatewayName = nonEmptyText(
  'a gateway, `namespace/name` or `istio:namespace/name`',
  /^(?:istio:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
)

export const identityHeader = credentialHeader
  .refine((name) => name !== 'authorization')
  .describe('a header name in lower case that is not reserved')

/** Text with fields of the caller, each with an optional alternative: see `fillTemplate`. */
export const callerTemplate = z
  .string()
  .max(1_024)
  .regex(/^(?:[^{}\P{ASCII}\p{Cc}]|\{(?:user|kind|namespace)(?:\|[^{}\P{ASCII}\p{Cc}]*)?\})*$/u)
  .describe('text, in which {user}, {kind} and {namespace} are replaced; empty to only remove it')

export const MAX_ORIGINS = 256
export const MAX_CORS_HEADERS = 64
/** As browsers send it (RFC 6454 section 6.1): never `null`, which any sandboxed page has. */
export const ORIGIN = /^(?:\*|https?:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?)$/

export const labelKey = nonEmptyText(
  'a label key',
  /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/,
)
export const labelValue = nonEmptyText(
  'a label value',
  /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/,
)

/** A proxy of gateways: by its addresses, or by the labels of its pods. */
export const proxy = z.union([
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

export const exclusions = z
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
export const permissionList = (model: boolean) =>
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

export const tls = z.strictObject({
  certFile: file,
  keyFile: file,
  clientCaFile: file.nullable().default(null),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
})

// An idle watch may be confirmed only after three minutes.
export const staleness = z
  .int()
  .min(240)
  .max(604_800)
  .describe('a whole number of seconds from 240 to 604800')

export const count = (least: number, most: number) =>
  z.int().min(least).max(most).describe(`a whole number from ${least} to ${most}`)
