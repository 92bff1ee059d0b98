// Reads a CheckRequest from protobuf JSON, in both spellings of its fields.

import { isRecord } from '../common/json.ts'

/** A message's fields. `any`: not read, and of any content. */
type Shape = { readonly [field: string]: Field }
type Field = 'any' | 'text' | 'number' | 'map' | 'structs' | Shape | readonly [Shape]

const SOCKET_ADDRESS: Shape = {
  protocol: 'any',
  address: 'text',
  port_value: 'number',
  named_port: 'any',
  resolver_name: 'any',
  ipv4_compat: 'any',
  network_namespace_filepath: 'any',
}

const PEER: Shape = {
  address: { socket_address: SOCKET_ADDRESS, pipe: 'any', envoy_internal_address: 'any' },
  service: 'any',
  labels: 'any',
  principal: 'text',
  certificate: 'any',
}

const HTTP: Shape = {
  id: 'text',
  method: 'text',
  headers: 'map',
  header_map: { headers: [{ key: 'text', value: 'text', raw_value: 'text' }] },
  path: 'text',
  host: 'text',
  scheme: 'text',
  query: 'any',
  fragment: 'any',
  size: 'any',
  protocol: 'text',
  body: 'any',
  raw_body: 'any',
}

/** envoy.service.auth.v3.CheckRequest, with the fields that are not read. */
const CHECK_REQUEST: Shape = {
  attributes: {
    source: PEER,
    destination: PEER,
    request: { time: 'any', http: HTTP },
    context_extensions: 'map',
    metadata_context: 'any',
    route_metadata_context: { filter_metadata: 'structs', typed_filter_metadata: 'any' },
    tls_session: 'any',
  },
}

export type CheckRequestReading = {
  /** With proto field names, without the fields that are not read. */
  readonly message: unknown
  readonly problems: readonly string[]
}

/** Reads parsed JSON. Each problem names its place. */
export function readCheckRequestJson(value: unknown): CheckRequestReading {
  const problems: string[] = []
  const message = read(value, CHECK_REQUEST, '', problems)
  return { message, problems }
}

function read(value: unknown, field: Field, place: string, problems: string[]): unknown {
  if (value === null || field === 'any') return undefined
  if (field === 'structs') return structsIn(value, place, problems)
  if (typeof field === 'string') return readScalar(value, field, place, problems)
  if (isList(field)) {
    if (!Array.isArray(value)) return wrong(place, 'a list', problems)
    return value.map((each, index) => read(each, field[0], `${place}[${index}]`, problems))
  }
  if (!isRecord(value)) return wrong(place, 'an object', problems)
  const known = new Map(
    Object.keys(field).flatMap((name) => [
      [name, name],
      [camel(name), name],
    ]),
  )
  const entries = Object.entries(value).flatMap(([key, content]) => {
    const name = known.get(key)
    const inner = name === undefined ? undefined : field[name]
    const where = `${place}${place === '' ? '' : '.'}${key}`
    if (name === undefined || inner === undefined) {
      problems.push(`${where}: unknown field of a CheckRequest`)
      return []
    }
    const found = read(content, inner, where, problems)
    return found === undefined ? [] : [[name, found] as const]
  })
  return Object.fromEntries(entries)
}

const isList = (field: Shape | readonly [Shape]): field is readonly [Shape] => Array.isArray(field)

function readScalar(
  value: unknown,
  field: 'text' | 'number' | 'map',
  place: string,
  problems: string[],
): unknown {
  if (field === 'text') return typeof value === 'string' ? value : wrong(place, 'text', problems)
  if (field === 'number') {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
    return typeof number === 'number' ? number : wrong(place, 'a number', problems)
  }
  const isMap = isRecord(value) && Object.values(value).every((each) => typeof each === 'string')
  return isMap ? value : wrong(place, 'an object of texts', problems)
}

function wrong(place: string, expected: string, problems: string[]): undefined {
  problems.push(`${place === '' ? 'the request' : place}: expected ${expected}`)
}

/** `header_map` as `headerMap`. */
const camel = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase())

function structsIn(value: unknown, place: string, problems: string[]): unknown {
  if (!isRecord(value)) return wrong(place, 'an object', problems)
  return Object.fromEntries(Object.entries(value).map(([key, struct]) => [key, structOf(struct)]))
}

/** A google.protobuf.Struct, from plain JSON or with its `fields` written out. */
function structOf(value: unknown): unknown {
  if (!isRecord(value)) return value
  const isWritten = Object.keys(value).length === 1 && isRecord(value.fields)
  return isWritten ? value : { fields: mapped(value) }
}

const mapped = (value: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(value).map(([key, each]) => [key, protoValueOf(each)]))

function protoValueOf(value: unknown): unknown {
  if (Array.isArray(value)) return { listValue: { values: value.map(protoValueOf) } }
  if (isRecord(value)) return { structValue: { fields: mapped(value) } }
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return { numberValue: value }
  return typeof value === 'boolean' ? { boolValue: value } : { nullValue: 0 }
}
