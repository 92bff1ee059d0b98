import { describe, expect, it } from 'vitest'
import { LONGEST_NAME } from '../../src/envoy/lean-headers.ts'
import { readLeanRequest } from '../../src/envoy/lean-request.ts'
import type { CheckRequest } from '../../src/envoy/messages.ts'
import { decodeCheckRequest, encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { type Incoming, readCheck, readCheckRequest } from '../../src/envoy/read-request.ts'
import { MOST_WALKED } from '../../src/envoy/wire.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { bytesField, numberField, textField } from '../../testing/envoy/protobuf-writer.ts'
import { aFrame, diceOf, spoilt } from '../../testing/envoy/wire-frames.ts'

const POSITIONS = ['workload', 'gateway'] as const
const TRUSTS = [{}, { route: 'required', contextExtensions: 'used' }, { route: 'ignored' }] as const

/** All that was read, in a form that can be compared. */
function factsOf({ request, ...rest }: Incoming): string {
  if (request === undefined) return JSON.stringify(rest)
  const headers = [...request.headers]
  const asked = ['authorization', ':path', 'x', '__proto__', ...headers.map(([name]) => name)]
  return JSON.stringify({
    ...rest,
    request: { ...request, headers },
    got: asked.map((name) => [request.headers.get(name) ?? null, request.headers.has(name)]),
  })
}

/** Whether the bytes were read without the decoder. Fails if the decoder reads anything else. */
function isLean(bytes: Buffer): boolean {
  const lean = readLeanRequest(bytes) !== undefined
  if (!lean) return false
  for (const position of POSITIONS) {
    for (const trust of TRUSTS) {
      const read = factsOf(readCheck(bytes, { position, trust }))
      const decoded = readCheckRequest(decodeCheckRequest(bytes), position, undefined, trust)
      if (read !== factsOf(decoded)) {
        expect({ bytes: bytes.toString('hex'), read }).toEqual({
          bytes: bytes.toString('hex'),
          read: factsOf(decoded),
        })
      }
    }
  }
  return true
}

/** More of them: LEAN_FRAMES. */
const FRAMES = Number(process.env.LEAN_FRAMES ?? 20_000)

describe('a request that is read without the decoder', () => {
  it.each([
    ['as Envoy writes it', 10_000, false, 0.8],
    ['a little odd', 60, false, 0.1],
    ['very odd', 12, false, 0.001],
    ['spoilt', 200, true, 0.02],
  ])('has the facts that the decoder reads: %s', (_title, oddity, spoils, least) => {
    const dice = diceOf(FRAMES + oddity)
    let lean = 0
    for (let count = 0; count < FRAMES / 4; count += 1) {
      const frame = aFrame(dice, oddity)
      if (isLean(spoils ? spoilt(frame, dice) : frame)) lean += 1
    }
    expect(lean / (FRAMES / 4)).toBeGreaterThan(least)
  })

  const ordinary = aCheck({ method: 'GET', path: '/', host: 'a', headers: { a: 'b' } })
  const withHttp = (more: object): CheckRequest => {
    const http = ordinary.attributes?.request?.http
    return { attributes: { ...ordinary.attributes, request: { http: { ...http, ...more } } } }
  }
  it('is an ordinary one', () => {
    expect(isLean(encodeCheckRequest(ordinary))).toBe(true)
  })

  it.each([0, 1, 127, 128, 16_383, 16_384, 70_000])(
    'may have the longest name, with a value of %i bytes',
    (length) => {
      const headers = { b: '1', ['a'.repeat(LONGEST_NAME)]: 'x'.repeat(length), c: '2' }
      expect(isLean(encodeCheckRequest(withHttp({ headers })))).toBe(true)
    },
  )

  type Level = 'attributes' | 'request' | 'http' | 'peer' | 'address' | 'socket'

  /** An ordinary request with one more field at a level. */
  function withField(level: Level, field: Buffer): Buffer {
    const at = (own: Level, ...fields: readonly Buffer[]) =>
      Buffer.concat(own === level ? [...fields, field] : fields)
    const socket = at('socket', textField(2, '10.0.0.1'), numberField(3, 80))
    const peer = at('peer', bytesField(1, at('address', bytesField(1, socket))), textField(4, 'a'))
    const http = at('http', textField(2, 'GET'), textField(4, '/'), textField(5, 'a'))
    const request = at('request', bytesField(2, http))
    const peers = [bytesField(1, peer), bytesField(2, peer)]
    return bytesField(1, at('attributes', ...peers, bytesField(4, request)))
  }

  const OTHER = Buffer.concat([textField(2, 'PUT'), textField(4, '/b'), textField(5, 'b')])
  it.each<[title: string, Level, Buffer]>([
    ['a source', 'attributes', bytesField(1, Buffer.alloc(0))],
    ['a destination', 'attributes', bytesField(2, Buffer.alloc(0))],
    ['a request', 'attributes', bytesField(4, bytesField(2, OTHER))],
    ['an HTTP request', 'request', bytesField(2, OTHER)],
    ['a method', 'http', textField(2, 'PUT')],
    ['a path', 'http', textField(4, '/b')],
    ['a host', 'http', textField(5, 'b')],
    ['an address', 'peer', bytesField(1, Buffer.alloc(0))],
    ['a principal', 'peer', textField(4, 'b')],
    ['a socket address', 'address', bytesField(1, Buffer.alloc(0))],
    ['a text of an address', 'socket', textField(2, '10.0.0.2')],
    ['a port', 'socket', numberField(3, 81)],
  ])('is never one with %s twice', (_title, level, field) => {
    expect(isLean(withField(level, field))).toBe(false)
    expect(isLean(withField(level, numberField(9, 1)))).toBe(true)
  })

  it.each<[title: string, Buffer]>([
    ['no bytes', Buffer.alloc(0)],
    ['no HTTP request', encodeCheckRequest({ attributes: {} })],
    ['raw headers', encodeCheckRequest(withHttp({ header_map: { headers: [] } }))],
    ['a name in upper case', encodeCheckRequest(withHttp({ headers: { A: 'b' } }))],
    ['a name that is not ASCII', encodeCheckRequest(withHttp({ headers: { '\u00e9': 'b' } }))],
    [
      'a longer name than is kept',
      encodeCheckRequest(withHttp({ headers: { ['a'.repeat(LONGEST_NAME + 1)]: 'b' } })),
    ],
    ['a name that is a number', encodeCheckRequest(withHttp({ headers: { 1: 'b' } }))],
    [
      'context extensions',
      encodeCheckRequest({
        attributes: { ...ordinary.attributes, context_extensions: { a: 'b' } },
      }),
    ],
    [
      'metadata of the route',
      encodeCheckRequest({
        attributes: {
          ...ordinary.attributes,
          route_metadata_context: { filter_metadata: { a: {} } },
        },
      }),
    ],
    ['more than one', Buffer.concat([encodeCheckRequest(ordinary), encodeCheckRequest(ordinary)])],
    [
      'more fields than are walked over',
      encodeCheckRequest(
        withHttp({
          headers: Object.fromEntries(
            Array.from({ length: MOST_WALKED / 3 }, (_, number) => [`a${number}`, '']),
          ),
        }),
      ),
    ],
  ])('is never one with %s', (_title, bytes) => {
    expect(isLean(bytes)).toBe(false)
  })
})

describe('any bytes', () => {
  it.each(POSITIONS)('that are not ordinary are read by the decoder at a %s', (position) => {
    const upper = encodeCheckRequest(aCheck({ headers: { 'X-Request-ID': 'id-1' } }))
    expect(readCheck(upper, { position }).requestId).toBe('id-1')
    expect(readCheck(Buffer.from([0xff]), { position }).request).toBeUndefined()
  })
})
