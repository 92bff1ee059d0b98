import { readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { chartSchema } from '../scripts/chart-schema.ts'
import { configReference } from '../src/config/reference.ts'
import { at } from '../testing/json.ts'

const CHART = path.join(import.meta.dirname, '../charts/kserve-authz')
const text = (file: string) => readFileSync(path.join(CHART, file), 'utf8')

it('the schema of the chart is that of its values and of the configuration (npm run docs)', () => {
  expect(text('values.schema.json')).toBe(chartSchema())
})

it('the schema knows every key of the configuration', () => {
  const schema: unknown = JSON.parse(text('values.schema.json'))
  const missing = configReference()
    .map(({ key }) => key)
    .filter((key) => {
      const steps = ['config', ...key.split('.')].flatMap((name) => ['properties', name])
      return at(schema, ...steps) === undefined
    })
  expect(missing).toEqual([])
})

it('the chart has the version of the project, and so has its image', () => {
  const chart = load(text('Chart.yaml'))
  expect([at(chart, 'version'), at(chart, 'appVersion')]).toEqual(
    [0, 1].map(() => manifest.version),
  )
})

it.each([
  ['crd.yaml', 'deploy/crd.yaml'],
  ['deployment.yaml', 'deploy/deployment.yaml'],
  ['istio/workloads', 'istio/workloads'],
  ['envoy-gateway/gateway', 'envoy-gateway/gateway'],
])('the file %s of the chart is %s itself', (file, original) => {
  const root = path.join(import.meta.dirname, '..')
  expect(realpathSync(path.join(CHART, 'files', file))).toBe(path.join(root, original))
})
