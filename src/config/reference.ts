// Lists the keys of the configuration and what they mean.

import { descriptionOf } from './descriptions.ts'
import { CONFIG } from './schema.ts'
import { variableOf } from './settings.ts'
import { fieldsIn, isSection, keysIn, nameOf, settingAt, typeOf } from './shape.ts'

/** Every key and section, without the configuration itself. */
export const KEYS = keysIn(CONFIG).filter(({ path }) => path.length > 0)

/** Every key with its meaning, its type, its default as JSON, and its environment variable. */
export const configReference = () => {
  const defaults = CONFIG.parse({})
  return KEYS.filter(({ schema }) => !isSection(schema)).map(({ path, schema }) => ({
    key: nameOf(path),
    meaning: descriptionOf(nameOf(path)),
    type: typeOf(schema),
    default: JSON.stringify(settingAt(defaults, path)),
    env: variableOf(path),
  }))
}

/** Every field of the values of keys, with its meaning and type. */
export const fieldReference = () => {
  const keys = new Set(KEYS.map(({ path }) => nameOf(path)))
  return fieldsIn(CONFIG)
    .filter(({ name }) => !keys.has(name))
    .map(({ name, schema }) => ({
      field: name,
      meaning: descriptionOf(name),
      type: typeOf(schema),
    }))
}
