import { readFileSync } from 'node:fs'
import path from 'node:path'
import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml'
import { z } from 'zod'

const headers = z.record(z.string(), z.string())

const serviceAccount = z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/)

/** Envoy's listeners. The address of a pod is a workload, any other a gateway. */
const listener = z.strictObject({
  address: z.ipv4(),
  host: z.string(),
  normalizePath: z.boolean().default(true),
  mergeSlashes: z.boolean().default(false),
  /** The identity of the pod, `namespace/ServiceAccount`: then callers need a certificate, too. */
  mtls: serviceAccount.exactOptional(),
  /** A file with the AuthorizationPolicy whose `notPaths` Envoy does not check. */
  policy: z.string().exactOptional(),
})

const request = z.strictObject({
  method: z.string(),
  path: z.string(),
  headers: headers.default({}),
  /** Sent as JSON. */
  body: z.unknown().optional(),
  bodyBase64: z.base64().exactOptional(),
  http: z.literal([1, 2]).default(1),
})

const expectation = z.strictObject({
  status: z.int(),
  headers: headers.default({}),
  /** Headers that must be absent. */
  lacks: z.array(z.string()).default([]),
  /** Fields of a JSON body, or the whole text. */
  body: z.union([z.record(z.string(), z.unknown()), z.string()]).exactOptional(),
  /** The request that reached the model, if any may. */
  model: z.union([
    z.literal('untouched'),
    z.strictObject({
      method: z.string().exactOptional(),
      path: z.string().exactOptional(),
      headers: headers.default({}),
      lacks: z.array(z.string()).default([]),
      /** Headers that a gateway leaves for the pod's check, which removes them if there is one. */
      passedOn: headers.default({}),
    }),
  ]),
  /** The number of checks by Envoy. */
  checks: z.int().exactOptional(),
  /** Fields of the request's line in the decision log. */
  log: z.record(z.string(), z.string()).exactOptional(),
})

const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1)]).transform((given) => [given].flat())

const sending = {
  /** The name of a request, which the other fields modify. */
  send: z.string(),
  path: oneOrMore(z.string()).exactOptional(),
  headers: headers.default({}),
  http: z.literal([1, 2]).exactOptional(),
  /** The owner of the caller's certificate, if one is required. */
  as: serviceAccount.exactOptional(),
  /** The address of the caller. */
  from: z.ipv4().exactOptional(),
  expect: expectation,
}

const send = z.strictObject({
  ...sending,
  at: oneOrMore(z.string()),
  /** The maximum time until the answer follows the last change. */
  withinMs: z.int().exactOptional(),
  /** Holds all the time. */
  meanwhile: z.strictObject({ ...sending, at: z.string() }).exactOptional(),
})

const object = z.strictObject({ kind: z.string(), name: z.string() })

// Like kubectl; patches are merged (RFC 7386).
const change = z.union([
  z.strictObject({ apply: z.string() }),
  z.strictObject({ delete: object }),
  z.strictObject({ patch: object, merge: z.record(z.string(), z.unknown()) }),
])

const question = z.strictObject({
  can: z.strictObject({ as: z.string(), get: z.string().regex(/^[a-z]+\/[a-z0-9.-]+$/) }),
  answer: z.boolean(),
})

const row = z.strictObject({
  name: z.string(),
  config: z.string().exactOptional(),
  /** Changes before the start. */
  given: z.array(change).default([]),
  steps: z
    .array(z.union([send, change, question]))
    .refine((steps) => steps.some((step) => 'send' in step), 'a row sends a request'),
})

const scenario = z.strictObject({
  namespace: z.string(),
  config: z.string().exactOptional(),
  listeners: z.record(z.string(), listener),
  requests: z.record(z.string(), request),
  rows: z.array(row).min(1),
})

const authorizationPolicy = z.object({
  spec: z.object({
    action: z.literal('CUSTOM'),
    rules: z.tuple([
      z.object({
        to: z.tuple([z.object({ operation: z.object({ notPaths: z.array(z.string()) }) })]),
      }),
    ]),
  }),
})

export type Listener = z.infer<typeof listener>
export type Expectation = z.infer<typeof expectation>
export type Change = z.infer<typeof change>
export type Send = z.infer<typeof send>
export type Question = z.infer<typeof question>
export type Row = z.infer<typeof row>

/** A folder of `examples/` with its `requests.yaml`. */
export type Example = z.infer<typeof scenario> & {
  readonly name: string
  readonly folder: string
  readonly page: string
}

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)

export const readDocuments = (file: string): unknown[] =>
  loadAll(readFileSync(file, 'utf8'), { schema: SCHEMA })

/** Throws if the data has an unknown field. */
export function readExample(folder: string): Example {
  const [data] = readDocuments(path.join(folder, 'requests.yaml'))
  const page = readFileSync(path.join(folder, 'README.md'), 'utf8')
  return { ...scenario.parse(data), name: path.basename(folder), folder, page }
}

/** The paths that a policy of the example excludes from Envoy's checks. */
export function notPathsOf({ folder }: Example, { policy }: Listener): readonly string[] {
  if (policy === undefined) return []
  const [document] = readDocuments(path.join(folder, policy))
  const [{ to }] = authorizationPolicy.parse(document).spec.rules
  return to[0].operation.notPaths
}

export function listenerOf({ listeners }: Pick<Example, 'listeners'>, name: string): Listener {
  const listener = listeners[name]
  if (listener === undefined) throw new Error(`there is no listener ${name}`)
  return listener
}

/** Rows that change something need a separate run. */
export const changes = ({ given, steps }: Row): boolean =>
  given.length > 0 || steps.some((step) => !('send' in step || 'can' in step))
