import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ENVOY_PROTOS, factsOf, loadProto, parseProto } from '../../testing/envoy/proto-facts.ts'

const EXTERNAL_AUTH = 'envoy/service/auth/v3/external_auth.proto'
const PROTO = fileURLToPath(new URL('../../proto', import.meta.url))

const envoy = factsOf(loadProto(EXTERNAL_AUTH, ENVOY_PROTOS))

/** Facts that Envoy's definitions do not state, or state differently. */
function disagreements(facts: ReadonlyMap<string, string>): string[] {
  return [...facts].filter(([name, fact]) => envoy.get(name) !== fact).map(([name]) => name)
}

describe('proto/', () => {
  const ours = factsOf(loadProto(EXTERNAL_AUTH, [PROTO]))

  it('matches Envoy in every field, enum value and method', () => {
    expect(disagreements(ours)).toEqual([])
  })

  it('is compared completely', () => {
    expect(ours.size).toBe(51)
    expect(envoy.size).toBeGreaterThan(ours.size)
  })
})

describe('the comparison finds', () => {
  const header = (fields: string) =>
    parseProto(`syntax = "proto3"; package envoy.config.core.v3;
      message HeaderValue { string key = 1; string value = 2; ${fields} }
      message HeaderMap { repeated HeaderValue headers = 1; }`)

  it('nothing in a correct description', () => {
    expect(disagreements(factsOf(header('bytes raw_value = 3;')))).toEqual([])
  })

  it.each([
    ['a wrong number', 'bytes raw_value = 4;'],
    ['a wrong type', 'string raw_value = 3;'],
    ['a wrong label', 'repeated bytes raw_value = 3;'],
    ['a wrong map', 'map<string, bytes> raw_value = 3;'],
    ['a wrong oneof', 'oneof value_type { bytes raw_value = 3; }'],
  ])('%s', (_title, field) => {
    expect(disagreements(factsOf(header(field)))).toEqual([
      '.envoy.config.core.v3.HeaderValue.raw_value',
    ])
  })

  it('a wrong name', () => {
    expect(disagreements(factsOf(header('bytes rawValue = 3;')))).toEqual([
      '.envoy.config.core.v3.HeaderValue.rawValue',
    ])
  })

  it('a field outside its oneof', () => {
    const address = parseProto(`syntax = "proto3"; package envoy.config.core.v3;
      message SocketAddress { string address = 2; uint32 port_value = 3; }`)
    expect(disagreements(factsOf(address))).toEqual([
      '.envoy.config.core.v3.SocketAddress.port_value',
    ])
  })

  it('a wrong enum value', () => {
    const status = parseProto(`syntax = "proto3"; package envoy.type.v3;
      enum StatusCode { Empty = 0; OK = 201; }`)
    expect(disagreements(factsOf(status))).toEqual(['.envoy.type.v3.StatusCode.OK'])
  })

  it('a message in place of an enum', () => {
    const status = parseProto(`syntax = "proto3"; package envoy.type.v3;
      message StatusCode { int32 code = 1; } message HttpStatus { StatusCode code = 1; }`)
    expect(disagreements(factsOf(status))).toEqual(['.envoy.type.v3.StatusCode.code'])
  })

  it('a wrong method', () => {
    const service = parseProto(`syntax = "proto3"; package envoy.service.auth.v3;
      service Authorization { rpc Check(CheckRequest) returns (stream CheckResponse); }
      message CheckRequest {} message CheckResponse {}`)
    expect(disagreements(factsOf(service))).toEqual(['.envoy.service.auth.v3.Authorization.Check'])
  })
})
