// The configuration as a JSON Schema, for editors and other programs.

import { z } from 'zod'
import { descriptionOf } from './descriptions.ts'
import { CONFIG } from './schema.ts'
import { bareOf } from './shape.ts'

type Schema = z.core.$ZodType

/** The JSON Schema of the configuration (draft 2020-12), with the descriptions of all keys. */
export const configSchema = (): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of kserve-authz',
  ...schemaOf(CONFIG, ''),
})

function schemaOf(schema: Schema, name: string): object {
  const description = descriptionOf(name)
  const described = description === '' ? {} : { description }
  const { value, hasDefault } = defaultOf(schema)
  const type = typeOf(bareOf(schema), name)
  return {
    ...described,
    ...(isNullable(schema) ? { anyOf: [type, { type: 'null' }] } : type),
    ...(hasDefault ? { default: value } : {}),
  }
}

function typeOf(bare: Schema, name: string): object {
  if (bare instanceof z.ZodArray)
    return { type: 'array', items: schemaOf(bare.def.element, `${name}[]`) }
  if (bare instanceof z.ZodUnion)
    return { anyOf: bare.def.options.map((option) => typeOf(bareOf(option), name)) }
  if (bare instanceof z.ZodRecord)
    return { type: 'object', additionalProperties: typeOf(bareOf(bare.def.valueType), '') }
  if (bare instanceof z.ZodObject) {
    const properties = Object.entries<Schema>(bare.shape)
    const required = properties.filter(([, each]) => !isOptional(each)).map(([key]) => key)
    return {
      type: 'object',
      properties: Object.fromEntries(
        properties.map(([key, each]) => [
          key,
          schemaOf(each, name === '' ? key : `${name}.${key}`),
        ]),
      ),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    }
  }
  const { $schema: _, description: __, ...leaf } = z.toJSONSchema(bare, { unrepresentable: 'any' })
  return leaf
}

/** Whether a value may be absent. */
const isOptional = (schema: Schema): boolean =>
  z.safeParse(schema, undefined).success || isExact(schema)

const isExact = (schema: Schema): boolean => schema instanceof z.ZodExactOptional

function isNullable(schema: Schema): boolean {
  if (schema instanceof z.ZodNullable) return true
  return schema instanceof z.ZodDefault || schema instanceof z.ZodExactOptional
    ? isNullable(schema.def.innerType)
    : false
}

/** The default of a section is that of its keys. */
function defaultOf(schema: Schema): { readonly value?: unknown; readonly hasDefault: boolean } {
  if (schema instanceof z.ZodPrefault || !(schema instanceof z.ZodDefault))
    return { hasDefault: false }
  return { value: schema.def.defaultValue, hasDefault: true }
}
