import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configReference, fieldReference } from '../src/config/reference.ts'

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))
const HEAD = '| key | meaning | value | default | environment |\n| --- | --- | --- | --- | --- |\n'
const FIELDS = '| field | meaning | value |\n| --- | --- | --- |\n'

const cell = (text: string) => text.replaceAll('|', '\\|')

/** The tables of all keys and of the fields of their values on the page. */
export function configurationTable(): string {
  const keys = configReference().map(
    ({ key, meaning, type, default: value, env }) =>
      `| \`${key}\` | ${cell(meaning)} | ${cell(type)} | \`${cell(value)}\` | \`${env}\` |\n`,
  )
  const fields = fieldReference().map(
    ({ field, meaning, type }) => `| \`${field}\` | ${cell(meaning)} | ${cell(type)} |\n`,
  )
  return `${HEAD}${keys.join('')}\n## Fields of values\n\n${FIELDS}${fields.join('')}`
}

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8')
  writeFileSync(PAGE, page.slice(0, page.search(/^\| key \| /m)) + configurationTable())
}
