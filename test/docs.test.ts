import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, loadAll } from 'js-yaml'
import { expect, it } from 'vitest'
import { configurationTable } from '../scripts/configuration-page.ts'
import { readConfig } from '../src/config/read-config.ts'
import { run } from '../testing/command-line.ts'
import { read } from '../testing/objects.ts'

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')

it('the page of the configuration has every key with its type and default', () => {
  expect(page).toContain(configurationTable())
})

it('the example of the page is a valid configuration', () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const config = readConfig({ file: { path: 'example.yaml', text }, env: {}, flags: {} })
  expect(config.jwt.providers.map(({ name }) => name)).toEqual(['keycloak'])
})

it('the page of AccessPolicies shows real output of check', async () => {
  const text = readFileSync(new URL('../docs/access-policy.md', import.meta.url), 'utf8')
  const [, command = '', told = ''] =
    /^\$ \.\/kserve-authz ((?:.*\\\n)*.*)\n([\s\S]*?)```/m.exec(text) ?? []
  const { stdout } = await run(...command.replaceAll('\\\n', '').trim().split(/ +/))

  expect(stdout.startsWith(told)).toBe(true)
  expect(told).toContain('no, by from[0]')
})

it('the policies on the page of AccessPolicies are valid', () => {
  const policies = readFileSync(new URL('../docs/access-policy.md', import.meta.url), 'utf8')
  const readings = [...policies.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, text = '']) => loadAll(text, { schema: CORE_SCHEMA }))
    .map((object) => read(object))
  expect(readings.map(({ problems }) => problems)).toEqual([[], [], []])
  expect(readings.map(({ resource }) => resource.kind)).toEqual(['policy', 'policy', 'policy'])
})
