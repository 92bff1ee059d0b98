// Writes values.schema.json of the Helm chart: the types of values.yaml, and the configuration below `config`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { z } from 'zod'
import { CONFIG } from '../src/config/schema.ts'

const fileAt = (name: string) =>
  fileURLToPath(new URL(`../charts/kserve-authz/${name}`, import.meta.url))

type Schema = { readonly [keyword: string]: unknown }

const OPEN: Schema = { type: 'object' }
const TEXTS: Schema = { type: 'object', additionalProperties: { type: 'string' } }
const OBJECTS: Schema = { type: 'array', items: OPEN }
const NAMES: Schema = { type: 'array', items: { type: 'string', minLength: 1 } }

/** What the value of a default does not say, by its path. */
const STATED: Readonly<Record<string, Schema>> = {
  preset: { enum: ['', 'istio', 'envoy-gateway', 'opendatahub'] },
  replicaCount: { type: 'integer', minimum: 1 },
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullPolicy': { enum: ['', 'Always', 'IfNotPresent', 'Never'] },
  imagePullSecrets: OBJECTS,
  'serviceAccount.annotations': TEXTS,
  'service.annotations': TEXTS,
  podAnnotations: TEXTS,
  podLabels: TEXTS,
  resources: OPEN,
  nodeSelector: TEXTS,
  tolerations: OBJECTS,
  affinity: OPEN,
  extraEnv: OBJECTS,
  extraVolumes: OBJECTS,
  extraVolumeMounts: OBJECTS,
  'podDisruptionBudget.maxUnavailable': { type: ['integer', 'string'] },
  'networkPolicy.from': OBJECTS,
  'networkPolicy.metricsFrom': OBJECTS,
  'metrics.auth': { enum: ['none', 'tokenReview'] },
  'metrics.podMonitor.labels': TEXTS,
  'metrics.prometheusRule.labels': TEXTS,
}

/** Of the input: before defaults. Further rules of the service are checked when it starts. */
const configuration = (): Schema => {
  const { $schema: _, ...schema } = z.toJSONSchema(CONFIG, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      delete jsonSchema.default
      if (jsonSchema.pattern !== undefined && /\(\?[^:]/.test(jsonSchema.pattern)) {
        delete jsonSchema.pattern // Go has no lookaheads
      }
    },
  })
  return schema
}

function schemaOf(value: unknown, path: string): Schema {
  const stated = STATED[path]
  if (stated !== undefined) return stated
  if (path === 'config') return configuration()
  if (Array.isArray(value)) return NAMES
  if (typeof value !== 'object' || value === null)
    return { type: typeof value === 'number' ? 'integer' : typeof value }
  const properties = Object.entries(value).map(([name, inner]) => [
    name,
    schemaOf(inner, path === '' ? name : `${path}.${name}`),
  ])
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  }
}

/** The text of values.schema.json. */
export function chartSchema(): string {
  const values = load(readFileSync(fileAt('values.yaml'), 'utf8'))
  const schema = schemaOf(values, '')
  const properties = Object(schema.properties)
  const whole = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...schema,
    // Helm adds `global` to the values of a subchart.
    properties: { ...properties, global: OPEN },
  }
  return `${JSON.stringify(whole, undefined, 2)}\n`
}

if (import.meta.main) writeFileSync(fileAt('values.schema.json'), chartSchema())
