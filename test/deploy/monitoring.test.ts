import { beforeAll, describe, expect, it } from 'vitest'
import {
  alertCases,
  alerts,
  dashboard,
  OF_ENVOY,
  type Use,
  uses,
} from '../../testing/deployment/monitoring.ts'
import { matches, readQuery, type Selector } from '../../testing/deployment/promql.ts'
import {
  renderedMetrics,
  type Sample,
  samplesOf,
} from '../../testing/deployment/rendered-metrics.ts'

/** Labels that Prometheus adds to all metrics. */
const OF_TARGETS = ['job', 'instance', 'namespace', 'pod']

/** Values that Grafana substitutes. */
const withoutVariables = (query: string) => query.replaceAll(/\$(?:job|namespace|name)\b/g, '.*')

let samples: readonly Sample[]

beforeAll(async () => {
  samples = [...samplesOf(await renderedMetrics()), ...OF_ENVOY]
})

const selected = ({ name, matchers }: Selector) =>
  samples.filter(
    (sample) =>
      sample.name === name &&
      matchers.every(
        (matcher) =>
          (matcher.label in sample.labels && matches(matcher, sample.labels[matcher.label])) ||
          OF_TARGETS.includes(matcher.label),
      ),
  )

function labelsOf({ query }: Use): { readonly known: string[]; readonly kept: readonly string[] } {
  const { selectors, labels } = readQuery(query)
  const known = [
    ...OF_TARGETS,
    ...selectors.flatMap(selected).flatMap((sample) => Object.keys(sample.labels)),
  ]
  return { known, kept: labels.length > 0 ? labels : known }
}

const labelsNamedIn = (text: string) =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label)

describe.each(uses)('$where', (use) => {
  it('matches rendered metrics with each of its selectors', () => {
    const { selectors } = readQuery(withoutVariables(use.query))
    expect(selectors.length).toBeGreaterThan(0)
    for (const selector of selectors) {
      expect(selected(selector), JSON.stringify(selector)).not.toEqual([])
    }
  })

  it('groups by and shows existing labels', () => {
    const { known, kept } = labelsOf({ ...use, query: withoutVariables(use.query) })
    for (const label of readQuery(use.query).labels) expect(known).toContain(label)
    for (const label of use.texts.flatMap(labelsNamedIn)) expect(kept).toContain(label)
  })
})

describe('the cases of the alerts', () => {
  it('contain a firing and a silent one for each', () => {
    const told = alertCases.flatMap(({ promql_expr_test: asked }) =>
      asked.map(({ expr, exp_samples: found }) => {
        const [, name = ''] = /alertname="(\w+)"/.exec(expr) ?? []
        return `${name} ${found === undefined ? 'is silent' : 'fires'}`
      }),
    )
    const needed = alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`])
    expect(needed.filter((each) => !told.includes(each))).toEqual([])
  })

  it('use metrics that are rendered', () => {
    const names = samples.map((sample) => sample.name)
    for (const { input_series: given } of alertCases)
      for (const { series } of given)
        for (const { name, matchers } of readQuery(series).selectors) {
          expect(names).toContain(name)
          const labels = selected({ name, matchers: [] }).flatMap((each) =>
            Object.keys(each.labels),
          )
          for (const { label } of matchers) expect([...OF_TARGETS, ...labels]).toContain(label)
        }
  })
})

describe('the alerts', () => {
  it('have unique names', () => {
    const names = alerts.map(({ alert }) => alert)
    expect(names).toEqual([...new Set(names)])
  })

  it('describe the fault, its meaning and the remedy in a sentence each', () => {
    for (const { annotations } of alerts) {
      for (const text of Object.values(annotations)) expect(text).toMatch(/^\S.*[.!)]$/s)
    }
  })
})

describe('the dashboard', () => {
  it('has panels that do not overlap, each with a unique id', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)])
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`,
      ),
    )
    expect(cells.length).toBe(new Set(cells).size)
    expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([])
  })
})
