import { describe, expect, it } from 'vitest'
import { DESCRIBED, descriptionOf } from '../../src/config/descriptions.ts'
import { configSchema } from '../../src/config/json-schema.ts'
import { CONFIG } from '../../src/config/schema.ts'
import { fieldsIn } from '../../src/config/shape.ts'
import { at } from '../../testing/json.ts'

const names = fieldsIn(CONFIG).map(({ name }) => name)

describe('the description of the configuration', () => {
  it('exists for every key and every field of its value', () => {
    expect(names.filter((name) => descriptionOf(name) === '')).toEqual([])
    expect(names.length).toBeGreaterThan(100)
  })

  it('is a sentence', () => {
    expect(names.map(descriptionOf).filter((text) => !/^[A-Z`].*\.$/.test(text))).toEqual([])
  })

  it('is of a key that exists', () => {
    const unused = DESCRIBED.filter(
      (described) => !names.some((name) => descriptionOf(name) === descriptionOf(described)),
    )
    expect(unused).toEqual([])
  })
})

describe('the JSON Schema of the configuration', () => {
  const schema = configSchema()

  it('has every key, with its type, default and description', () => {
    expect(at(schema, 'properties', 'kubernetes', 'properties', 'kserveNamespace')).toEqual({
      description: descriptionOf('kubernetes.kserveNamespace'),
      type: 'string',
      pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$',
      default: 'kserve',
    })
    expect(at(schema, 'properties', 'grpc', 'properties', 'tls')).toMatchObject({
      anyOf: [{ type: 'object', required: ['certFile', 'keyFile'] }, { type: 'null' }],
      default: null,
    })
  })

  it('refuses unknown keys', () => {
    expect(at(schema, 'additionalProperties')).toBe(false)
    expect(at(schema, 'properties', 'ownersMay', 'additionalProperties')).toBe(false)
  })

  it('requires what has no default', () => {
    const { required } = Object.assign(
      { required: [] },
      at(schema, 'properties', 'jwt', 'properties', 'providers', 'items'),
    )
    expect(required).toEqual(['name', 'issuer', 'audiences'])
  })
})
