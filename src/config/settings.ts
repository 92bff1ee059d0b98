// Reads single settings from a file and from the environment.

import { loadAll, YAMLException } from 'js-yaml'
import { z } from 'zod'
import { isRecord, parseJson } from '../common/json.ts'
import { hint, RENAMED } from './renamed.ts'
import { bareOf, isSection, type Key, nameOf, shapeOf, shown, typeOf } from './shape.ts'

/** A value from one source, for a key or a section. */
export type Setting = {
  /** The file, variable or flag. */
  readonly source: string
  readonly path: readonly string[]
  readonly value: unknown
}

/** The settings of a source, and its problems. */
export type SettingsReading = {
  readonly settings: readonly Setting[]
  readonly problems: readonly string[]
}

export const setting = (
  source: string,
  path: readonly string[],
  value: unknown,
): SettingsReading => ({
  settings: [{ source, path, value }],
  problems: [],
})

const problem = (text: string): SettingsReading => ({ settings: [], problems: [text] })

/** Reads a YAML file; an empty one sets nothing. */
export function readFile({ path, text }: { path: string; text: string }): SettingsReading {
  try {
    const [document, ...others] = loadAll(text, { maxAliases: 0 })
    if (others.length > 0) return problem(`${path}: expected one YAML document`)
    return isRecord(document ?? {})
      ? setting(path, [], document)
      : problem(`${path}: expected keys and values`)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const { reason, mark } = error
    const place = mark === undefined ? path : `${path}:${mark.line + 1}:${mark.column + 1}`
    return problem(`${place}: ${withoutSource(reason)}`)
  }
}

/** Some reasons end with a quote of the text, such as an unknown tag. */
const withoutSource = (reason: string): string => reason.replace(/\s*[!":].*$/s, '')

const PREFIX = 'KSERVE_AUTHZ_'

/** The environment variable that sets a key: `ownersMay.optOut` is KSERVE_AUTHZ_OWNERS_MAY_OPT_OUT. */
export const variableOf = (path: readonly string[]): string =>
  PREFIX + path.map((key) => key.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()).join('_')

// Variables that Kubernetes sets in pods next to a Service named kserve-authz or kserve-authz-...
const INJECTED = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_\w+)$/

/** Reads the variables of this program. A section's variable comes before those of its keys, which override it. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  keys: readonly Key[],
): SettingsReading {
  const known = new Map(keys.map((key) => [variableOf(key.path), key]))
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !INJECTED.test(name))
  const unknown = names.filter((name) => !known.has(name)).sort()
  const readings = [...known].map(([name, key]) => readVariable(name, env[name], key))
  return {
    settings: readings
      .flatMap(({ settings }) => settings)
      .sort((one, other) => one.path.length - other.path.length),
    problems: [
      ...readings.flatMap(({ problems }) => problems),
      ...unknown.map((name) => {
        const renamed = renamedFrom(name).find((each) => known.has(each))
        return `${shown(name)}: unknown variable${hint(name, [...known.keys()], renamed)}`
      }),
    ],
  }
}

/** The new names of a variable whose key, or whose section, was renamed. */
const renamedFrom = (name: string): readonly string[] =>
  [...RENAMED]
    .map((keys) => keys.map((key) => variableOf(key.split('.'))))
    .flatMap(([old = '', renamed = '']) =>
      name.startsWith(old) ? [renamed + name.slice(old.length)] : [],
    )

function readVariable(
  name: string,
  text: string | undefined,
  { path, schema }: Key,
): SettingsReading {
  if (text === undefined) return { settings: [], problems: [] }
  const bare = bareOf(schema)
  if (bare instanceof z.ZodBoolean) {
    return setting(name, path, text === 'true' ? true : text === 'false' ? false : text)
  }
  if (bare instanceof z.ZodString || bare instanceof z.ZodEnum) {
    return setting(name, path, text === 'null' ? null : text)
  }
  const parsed = parseJson(text)
  return parsed === undefined
    ? problem(`${name}: ${nameOf(path)}: expected JSON: ${typeOf(schema)}`)
    : setting(name, path, parsed.value)
}

/** Splits a setting of a section into settings of its keys. */
export function settingsWithin(given: Setting, schema: z.core.$ZodType): readonly Setting[] {
  if (!isSection(schema)) return [given]
  const { source, path, value } = given
  if (!isRecord(value)) return []
  return Object.entries(shapeOf(schema))
    .filter(([name]) => Object.hasOwn(value, name))
    .flatMap(([name, inner]) =>
      settingsWithin({ source, path: [...path, name], value: value[name] }, inner),
    )
}
