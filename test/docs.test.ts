import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, loadAll } from 'js-yaml'
import { expect, it } from 'vitest'
import { configurationTable } from '../scripts/configuration-page.ts'
import { readConfig } from '../src/config.ts'
import { read } from './resources/objects.ts'

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')

it('the page of the configuration has every key, as the program reads it', () => {
  expect(page).toContain(configurationTable())
})

it('the example of the page is a configuration', () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const config = readConfig({ file: { path: 'example.yaml', text }, env: {}, flags: {} })
  expect(config.jwt.providers.map(({ name }) => name)).toEqual(['keycloak'])
})

it('the policies of the page of AccessPolicies can be read', () => {
  const policies = readFileSync(new URL('../docs/access-policy.md', import.meta.url), 'utf8')
  const readings = [...policies.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, text = '']) => loadAll(text, { schema: CORE_SCHEMA }))
    .map((object) => read(object))
  expect(readings.map(({ problems }) => problems)).toEqual([[], [], []])
  expect(readings.map(({ resource }) => resource.kind)).toEqual(['policy', 'policy', 'policy'])
})
