import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'
import { z } from 'zod'
import type { Sample } from './rendered-metrics.ts'

const MONITORING = new URL('../../deploy/monitoring/', import.meta.url)

const text = (name: string) => readFileSync(new URL(name, MONITORING), 'utf8')

const alertShape = z.strictObject({
  alert: z.string().regex(/^KServeAuthz[A-Za-z]+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({
    summary: z.string(),
    description: z.string(),
    runbook: z.string(),
  }),
})
const ruleShape = z.object({
  kind: z.literal('PrometheusRule'),
  spec: z.strictObject({
    groups: z.array(z.strictObject({ name: z.string(), rules: z.array(alertShape) })),
  }),
})

/** The alerts of the PrometheusRule. */
export const alerts = ruleShape
  .parse(load(text('prometheus-rule.yaml'), { schema: CORE_SCHEMA }))
  .spec.groups.flatMap(({ rules }) => rules)

const casesShape = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      input_series: z.array(z.object({ series: z.string(), values: z.string() })),
      promql_expr_test: z.array(
        z.object({ expr: z.string(), exp_samples: z.array(z.unknown()).min(1).optional() }),
      ),
    }),
  ),
})

/** The cases in which they must fire, or not; promtool evaluates them. */
export const alertCases = casesShape.parse(
  load(
    readFileSync(new URL('../../test/fixtures/monitoring/alerts.yaml', import.meta.url), 'utf8'),
  ),
).tests

/** Envoy's own counters of checks, which a suite compares with a real Envoy. */
export const OF_ENVOY: readonly Sample[] = ['ok', 'denied', 'error'].map((end) => ({
  name: `envoy_http_ext_authz_${end}`,
  labels: {},
}))

const datasourceShape = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.literal(`\${datasource}`),
})
const targetShape = z.object({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string().optional(),
})
const gridShape = z.strictObject({
  x: z.int().min(0),
  y: z.int().min(0),
  w: z.int().max(24),
  h: z.int(),
})
const thresholdsShape = z.object({
  steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })),
})
const mappingShape = z.object({
  options: z.record(z.string(), z.object({ text: z.string(), color: z.string() })),
})
const overrideShape = z.object({
  matcher: z.object({ id: z.string(), options: z.string() }),
  properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
})
const fieldShape = z.object({
  defaults: z.object({
    unit: z.string().default('none'),
    decimals: z.int().optional(),
    max: z.number().optional(),
    custom: z.object({ stacking: z.object({ mode: z.string() }).optional() }).optional(),
    thresholds: thresholdsShape.optional(),
    mappings: z.array(mappingShape).default([]),
  }),
  overrides: z.array(overrideShape),
})
const panelShape = z.object({ id: z.int(), title: z.string(), gridPos: gridShape })
const dashboardShape = z.object({
  templating: z.object({
    list: z.array(
      z.object({ name: z.string(), query: z.union([z.string(), z.object({ query: z.string() })]) }),
    ),
  }),
  panels: z.array(
    z.discriminatedUnion('type', [
      panelShape.extend({ type: z.literal('row'), panels: z.tuple([]) }),
      panelShape.extend({
        type: z.enum(['stat', 'timeseries', 'table', 'heatmap', 'state-timeline']),
        datasource: datasourceShape,
        targets: z.array(targetShape).min(1),
        fieldConfig: fieldShape,
      }),
    ]),
  ),
})

export const dashboard = dashboardShape.parse(JSON.parse(text('dashboard.json')))

/** A query, and the texts that contain labels of its result. */
export type Use = {
  readonly where: string
  readonly query: string
  readonly texts: readonly string[]
}

export const uses: readonly Use[] = [
  ...alerts.map(({ alert, expr, annotations }) => ({
    where: alert,
    query: expr,
    texts: Object.values(annotations),
  })),
  ...dashboard.panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : panel.targets.map(({ expr, refId, legendFormat = '' }) => ({
          where: `panel ${panel.title}, ${refId}`,
          query: expr,
          texts: [legendFormat],
        })),
  ),
  ...dashboard.templating.list.flatMap(({ name, query }) => {
    const [, series, label] =
      typeof query === 'string' ? [] : (/^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [])
    return series === undefined
      ? []
      : [{ where: `variable ${name}`, query: series, texts: [`{{${label}}}`] }]
  }),
]
