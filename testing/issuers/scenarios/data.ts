import path from 'node:path'
import { z } from 'zod'
import { readDocuments } from '../../scenario/data.ts'

const texts = z.record(z.string(), z.string())
const oneOrMore = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((given) => [given].flat())

const token = z.strictObject({
  of: z.string().exactOptional(),
  /** The name of another token, which provides the other fields. */
  like: z.string().exactOptional(),
  claims: z.record(z.string(), z.unknown()).default({}),
  key: z.literal(['first', 'next']).default('first'),
  trick: z
    .literal(['signed by somebody else', 'alg none', 'HS256 with the public key'])
    .exactOptional(),
})

const send = z.strictObject({
  /** The name of a request. */
  send: z.string(),
  at: oneOrMore,
  headers: texts.default({}),
  /** The maximum time until the answer follows the last change. */
  withinMs: z.int().exactOptional(),
  expect: z.strictObject({
    status: z.int(),
    headers: texts.default({}),
    /** The request that reached the model, if any may. */
    model: z.union([
      z.literal('untouched'),
      z.strictObject({ headers: texts.default({}), lacks: z.array(z.string()).default([]) }),
    ]),
  }),
})

const change = z.strictObject({
  issuer: z.string(),
  becomes: z.literal(['reachable', 'unreachable', 'slow', 'signing with the next key']),
})

const row = z.strictObject({
  name: z.string(),
  /** Issuers that are unreachable at the start. */
  unreachable: z.array(z.string()).default([]),
  steps: z.array(z.union([send, change])).min(1),
})

const example = z.strictObject({
  /** `namespace/ServiceAccount` of the certificate that callers present in the mesh. */
  caller: z.string(),
  listeners: z.record(
    z.string(),
    z.strictObject({
      address: z.ipv4(),
      host: z.string(),
      /** The identity of the pod: mutual TLS is used there. */
      mtls: z.string().exactOptional(),
    }),
  ),
  requests: z.record(
    z.string(),
    z.strictObject({ method: z.string(), path: z.string(), body: z.unknown().optional() }),
  ),
  tokens: z.record(z.string(), token),
  rows: z.array(row).min(1),
})

const config = z.object({
  jwt: z.object({
    providers: z.array(
      z.object({
        name: z.string(),
        issuer: z.string(),
        audiences: z.tuple([z.string()]),
        algorithms: z.tuple([z.literal(['ES256', 'RS256'])]).exactOptional(),
        jwksUri: z.string().exactOptional(),
      }),
    ),
  }),
})

export type Example = z.infer<typeof example>
export type Row = z.infer<typeof row>
export type Send = z.infer<typeof send>
export type Change = z.infer<typeof change>
export type Token = z.infer<typeof token>
export type Provider = z.infer<typeof config>['jwt']['providers'][number]

/** Rows that change nothing share one run. */
export const changes = ({ unreachable, steps }: Row): boolean =>
  unreachable.length > 0 || steps.some((step) => 'issuer' in step)

/** Throws if the data has an unknown field. */
export function readExample(folder: string): Example & { readonly providers: readonly Provider[] } {
  const [data] = readDocuments(path.join(folder, 'requests.yaml'))
  const [installation] = readDocuments(path.join(folder, 'config.yaml'))
  return { ...example.parse(data), providers: config.parse(installation).jwt.providers }
}
