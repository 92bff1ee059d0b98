// Walks through the schema: keys, types and paths.

import { z } from 'zod'

type Schema = z.core.$ZodType

/** A place in the configuration, such as `['ownersMay', 'optOut']`. */
export type Key = { readonly path: readonly string[]; readonly schema: Schema }

/** Everything that can be set: sections, and the keys in them. */
export function keysIn(schema: Schema, path: readonly string[] = []): readonly Key[] {
  return [
    { path, schema },
    ...(isSection(schema)
      ? Object.entries(shapeOf(schema)).flatMap(([name, inner]) => keysIn(inner, [...path, name]))
      : []),
  ]
}

/** Whether its keys can be set individually, some in the file and some by environment. */
export const isSection = (schema: Schema): boolean => schema instanceof z.ZodPrefault

/** The schemas of an object's keys; empty for any other schema. */
export function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const bare = bareOf(schema)
  if (bare instanceof z.ZodUnion) return Object.assign({}, ...bare.def.options.map(shapeOf))
  return bare instanceof z.ZodObject ? bare.shape : {}
}

/** The schema at `path`; `undefined`: no such key. */
export function schemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  const [first, ...rest] = path
  if (first === undefined) return schema
  const bare = bareOf(schema)
  if (bare instanceof z.ZodUnion) {
    const isIndex = typeof first === 'number'
    const fitting = bare.def.options.find((option) => option instanceof z.ZodArray === isIndex)
    return fitting === undefined ? undefined : schemaAt(fitting, path)
  }
  const inner =
    bare instanceof z.ZodArray
      ? bare.def.element
      : bare instanceof z.ZodRecord
        ? bare.def.valueType
        : Object.entries(shapeOf(bare)).find(([name]) => name === first)?.[1]
  return inner === undefined ? undefined : schemaAt(inner, rest)
}

/** Unwraps optional, nullable, default and preprocess schemas. */
export function bareOf(schema: Schema): Schema {
  const inner = wrappedIn(schema)
  return inner === undefined ? schema : bareOf(inner)
}

function wrappedIn(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.out
  return schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable
    ? schema.def.innerType
    : undefined
}

/** The expected type, in words. */
export function typeOf(schema: Schema): string {
  const { description } = z.globalRegistry.get(schema) ?? {}
  if (description !== undefined) return description
  if (schema instanceof z.ZodNullable) return `${typeOf(schema.def.innerType)}, or null`
  const inner = wrappedIn(schema)
  if (inner !== undefined) return typeOf(inner)
  if (schema instanceof z.ZodBoolean) return 'true or false'
  if (schema instanceof z.ZodEnum) return schema.options.join(', ').replace(/, (?!.*, )/, ' or ')
  if (schema instanceof z.ZodArray) return `${listOf(schema)}, each ${typeOf(schema.def.element)}`
  if (schema instanceof z.ZodRecord) {
    return `an object from ${typeOf(schema.def.keyType)} to ${typeOf(schema.def.valueType)}`
  }
  return `an object of ${Object.keys(shapeOf(schema)).join(', ')}`
}

const listOf = (schema: z.ZodArray): string =>
  schema.safeParse([]).success ? 'a list' : 'a list of one or more'

/** The value at `path`, or `undefined`. */
export function settingAt(value: unknown, path: readonly PropertyKey[]): unknown {
  const [first, ...rest] = path
  if (first === undefined) return value
  const holder = typeof value === 'object' && value !== null ? value : {}
  return settingAt(Object.getOwnPropertyDescriptor(holder, first)?.value, rest)
}

/** The key as in problems: `grpc.listeners[0].address`. */
export const nameOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${shown(String(part))}`))
    .join('')
    .replace(/^\./, '')

/** API keys have at least 16 bytes: a shorter text is not a secret of this program. */
export const MAX_QUOTED = 15
/** Longest key that a problem quotes, in characters. */
export const MAX_SHOWN = 64

/** A key or variable as in problems. A long one with digits may be a secret in the wrong place. */
export const shown = (key: string): string =>
  key.length <= MAX_SHOWN &&
  /^[\x21-\x7e]+$/.test(key) &&
  !(key.length > MAX_QUOTED && /\d/.test(key))
    ? key
    : `(a key of ${key.length} characters)`

/** A field of the configuration: a key, or a field of a value. `[]` stands for an entry of a list. */
export type Field = { readonly name: string; readonly schema: Schema }

/** Every key and every field of its value, in the order of the schema, without the configuration itself. */
export function fieldsIn(schema: Schema, name = ''): readonly Field[] {
  const bare = bareOf(schema)
  const own = name === '' ? [] : [{ name, schema }]
  if (bare instanceof z.ZodArray) return [...own, ...innerOf(bare.def.element, `${name}[]`)]
  const inner = Object.entries(shapeOf(bare)).flatMap(([key, each]) =>
    fieldsIn(each, name === '' ? key : `${name}.${key}`),
  )
  return [...own, ...inner]
}

/** The fields of an entry, without the entry. */
const innerOf = (schema: Schema, name: string): readonly Field[] =>
  fieldsIn(schema, name).filter((field) => field.name !== name)
