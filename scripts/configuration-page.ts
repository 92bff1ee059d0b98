import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configReference } from '../src/config/read-config.ts'

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))
const HEAD = '| key | value | default | environment |\n| --- | --- | --- | --- |\n'

const cell = (text: string) => text.replaceAll('|', '\\|')

/** The table of all keys on the page. */
export function configurationTable(): string {
  const rows = configReference().map(
    ({ key, type, default: value, env }) =>
      `| \`${key}\` | ${cell(type)} | \`${cell(value)}\` | \`${env}\` |\n`,
  )
  return HEAD + rows.join('')
}

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(PAGE, page.slice(0, page.indexOf(HEAD)) + configurationTable())
}
