import { beforeAll, describe, expect, it } from 'vitest'
import {
  renderedMetrics,
  type Sample,
  samplesOf,
} from '../../testing/deployment/rendered-metrics.ts'

let text: string
let samples: readonly Sample[]

beforeAll(async () => {
  text = await renderedMetrics()
  samples = samplesOf(text).filter(({ name }) => name.startsWith('kserve_authz_'))
})

describe('the names of metrics', () => {
  it('are in snake case, and so are their labels', () => {
    const labels = samples.flatMap((sample) => Object.keys(sample.labels))
    const names = [...samples.map(({ name }) => name), ...labels]
    expect(names).toContain('credential_kind')
    expect(names.filter((name) => !/^[a-z]+(?:_[a-z]+)*$/.test(name))).toEqual([])
  })

  it('end in _total exactly if they are counters', () => {
    const types = [...text.matchAll(/^# TYPE (kserve_authz_\S+) (\w+)$/gm)]
    expect(types.length).toBeGreaterThan(15)
    for (const [, name = '', type] of types) {
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    }
  })

  it('contain seconds if they measure time', () => {
    const times = samples.filter(({ name }) => /_(?:age|delay|duration|time)/.test(name))
    expect(times.length).toBeGreaterThan(4)
    for (const { name } of times) expect(name).toMatch(/_seconds(?:_(?:bucket|sum|count))?$/)
  })
})
