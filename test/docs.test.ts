import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { configurationTable } from '../scripts/configuration-page.ts'
import { readConfig } from '../src/config.ts'

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')

it('the page of the configuration has every key, as the program reads it', () => {
  expect(page).toContain(configurationTable())
})

it('the example of the page is a configuration', () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const config = readConfig({ file: { path: 'example.yaml', text }, env: {}, flags: {} })
  expect(config.jwt.providers.map(({ name }) => name)).toEqual(['keycloak'])
})
