import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_REQUEST_BYTES } from '../../src/envoy/bounds.ts'
import type { CheckRequest, CheckResponse } from '../../src/envoy/messages.ts'
import {
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
  encodeCheckResponse,
  UNREADABLE,
} from '../../src/envoy/protocol.ts'

const address = { socket_address: { address: '10.0.0.1', port_value: 8080 } }
const request: CheckRequest = {
  attributes: {
    source: { address, principal: 'spiffe://cluster.local/ns/demo/sa/client' },
    destination: { address },
    request: {
      http: {
        id: '1',
        method: 'POST',
        path: '/v1/models/iris:predict?a=b',
        host: 'iris.demo',
        scheme: 'http',
        protocol: 'HTTP/1.1',
        headers: { authorization: 'Bearer abc' },
        header_map: { headers: [{ key: 'x-api-key', raw_value: Buffer.from([0xff, 0x00]) }] },
      },
    },
  },
}

const denied: CheckResponse = {
  status: { code: 16, message: 'no' },
  denied_response: {
    status: { code: 401 },
    headers: [
      { header: { key: 'x-ext-auth-reason', value: 'no' }, append: { value: false } },
      { header: { key: 'www-authenticate', value: 'Bearer' }, append_action: 2 },
    ],
    body: '{}',
  },
}

const allowed: CheckResponse = {
  status: { code: 0 },
  ok_response: {
    headers: [{ header: { key: 'x-auth-request-user', raw_value: Buffer.from('ada') } }],
    headers_to_remove: ['authorization'],
  },
  dynamic_metadata: { fields: { user: { stringValue: 'ada' } } },
}

/** Nested groups of the undeclared field 15. */
const nestedGroups = (depth: number) =>
  Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)])

describe('a CheckRequest', () => {
  it('is decoded with every declared field', () => {
    expect(decodeCheckRequest(encodeCheckRequest(request))).toEqual(request)
  })

  it('may be empty', () => {
    expect(decodeCheckRequest(Buffer.alloc(0))).toEqual({})
  })

  it('may contain undeclared fields', () => {
    const unknownField = Buffer.from([0xfa, 0x3e, 0x02, 0x68, 0x69])
    const bytes = Buffer.concat([encodeCheckRequest(request), unknownField])
    expect(decodeCheckRequest(bytes)).toEqual(request)
  })

  it('keeps headers named like members of Object.prototype', () => {
    const headers = { constructor: 'a', tostring: 'b' }
    const bytes = encodeCheckRequest({ attributes: { request: { http: { headers } } } })
    expect(decodeCheckRequest(bytes)).toEqual({
      attributes: { request: { http: { headers } } },
    })
  })
})

describe('bytes are unreadable when they', () => {
  it.each([
    ['are garbage', Buffer.from('not a protobuf message')],
    ['end early', encodeCheckRequest(request).subarray(0, -1)],
    ['nest 1,000 groups', nestedGroups(1_000)],
    ['nest 1,000,000 groups', nestedGroups(1_000_000)],
    ['have a length beyond their end', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ])('%s', (_title, bytes) => {
    expect(decodeCheckRequest(bytes)).toBe(UNREADABLE)
  })

  it('have too many fields, although they decode', () => {
    const path = '/'.repeat(MAX_REQUEST_BYTES)
    const bytes = encodeCheckRequest({ attributes: { request: { http: { path } } } })
    expect(decodeCheckRequest(bytes)).toBe(UNREADABLE)
  })
})

describe('no bytes', () => {
  const read = (bytes: Uint8Array) => decodeCheckRequest(Buffer.from(bytes))

  it('make the deserializer throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
        read(bytes)
      }),
      { numRuns: 2_000 },
    )
  })

  it('made from a valid request by changing some make it throw', () => {
    const good = encodeCheckRequest(request)
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(good)
        for (const [at, value] of changes) bytes[at] = value
        read(bytes)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a CheckResponse', () => {
  it.each([
    ['denied', denied],
    ['allowed', allowed],
  ])('that is %s is unchanged after a round trip', (_title, response) => {
    expect(decodeCheckResponse(encodeCheckResponse(response))).toEqual(response)
  })

  it('keeps an append of false', () => {
    const read = decodeCheckResponse(encodeCheckResponse(denied))
    expect(read.denied_response?.headers?.[0]?.append).toEqual({ value: false })
  })
})

describe('the bytes of an answer', () => {
  it('own their memory, because they are cached per caller', () => {
    for (const bytes of [encodeCheckResponse(denied), encodeCheckResponse(allowed)])
      expect(bytes.buffer.byteLength).toBe(bytes.length)
  })
})
