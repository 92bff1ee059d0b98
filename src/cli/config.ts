// The command `config`: tells about the configuration.

import { didYouMean } from '../config/did-you-mean.ts'
import { configSchema } from '../config/json-schema.ts'
import { configReference, fieldReference } from '../config/reference.ts'
import { UsageError } from './exit-codes.ts'

/** Prints the JSON Schema of the configuration. */
export const printSchema = (): void => {
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`)
}

/** Prints what a key does, with every key below it; absent: every key. Throws a UsageError. */
export function printKeys(key = ''): void {
  const keys = configReference().map(({ key: name, meaning, type, default: value, env }) => ({
    name,
    lines: [meaning, `value: ${type}`, `default: ${value}`, `environment: ${env}`],
  }))
  const fields = fieldReference().map(({ field: name, meaning, type }) => ({
    name,
    lines: [meaning, `value: ${type}`],
  }))
  const shown = [...keys, ...(key === '' ? [] : fields)].filter(({ name }) => isBelow(name, key))
  if (shown.length === 0) {
    const all = [...keys, ...fields].flatMap(({ name }) => [name, name.replace(/\..*$/, '')])
    const hint = didYouMean(key, all) || '; config keys lists them'
    throw new UsageError(`config keys: there is no key ${key}${hint}`)
  }
  const texts = shown.map(({ name, lines }) => `${[name, ...lines].join('\n  ')}\n`)
  process.stdout.write(texts.join(''))
}

const isBelow = (name: string, key: string): boolean =>
  key === '' || name === key || name.startsWith(`${key}.`) || name.startsWith(`${key}[`)
