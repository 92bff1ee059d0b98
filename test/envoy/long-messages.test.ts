import { afterEach, describe, expect, it } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import { OPEN } from '../../src/access/decision.ts'
import { BOUNDS, LASTING_BYTES } from '../../src/envoy/bounds.ts'
import { encodeCheckRequest } from '../../src/envoy/protocol.ts'
import { readCheck } from '../../src/envoy/read-request.ts'
import { serveChecks } from '../../src/envoy/server.ts'
import { aCheck } from '../../testing/envoy/check-client.ts'
import { aCheckParts } from '../../testing/envoy/check-parts.ts'
import { begin, framed, rawConnection } from '../../testing/envoy/raw-grpc.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A check whose message has about this many bytes. */
const aLongCheck = (number: number, bytes: number): Buffer =>
  encodeCheckRequest(
    aCheck({
      host: `m-${number}.example.com`,
      headers: { 'x-number': String(number), 'x-filler': String(number % 10).repeat(bytes) },
    }),
  )

describe('a message whose bytes are used again', () => {
  it('is read whole before', () => {
    const bytes = aLongCheck(7, LASTING_BYTES + 1)
    const { request, host } = readCheck(bytes, { position: 'workload' })
    bytes.fill(0xff)
    expect(host).toBe('m-7.example.com')
    expect(request?.headers.get('x-number')).toBe('7')
    expect(request?.headers.get('x-filler')).toHaveLength(LASTING_BYTES + 1)
  })

  it('is read whole before if its headers are bytes', () => {
    const headers = [
      [':method', 'POST'],
      [':path', '/v1/models'],
      [':authority', 'm.example.com'],
      ['x-number', '7'],
      ['x-filler', 'a'.repeat(LASTING_BYTES)],
    ].map(([key = '', value = '']) => ({ key, raw_value: Buffer.from(value) }))
    const http = { header_map: { headers } }
    const bytes = encodeCheckRequest({ attributes: { request: { http } } })
    const { request } = readCheck(bytes, { position: 'workload' })
    bytes.fill(0xff)
    expect(request?.path).toBe('/v1/models')
    expect(request?.headers.get('x-number')).toBe('7')
  })

  it('does not change a check that is decided later', async () => {
    const seen: (readonly (string | undefined)[])[] = []
    let decide: () => void = () => {}
    const decided = new Promise<void>((resolve) => {
      decide = resolve
    })
    let asked = 0
    const server = await serveChecks(
      { position: 'workload', address: '127.0.0.1:0' },
      aCheckParts({
        authorize: async (request): Promise<Answer> => {
          asked += 1
          await decided
          seen.push([request?.host, request?.headers.get('x-number')])
          return { decision: OPEN, target: undefined, caller: undefined }
        },
        deadlineMs: 60_000,
      }),
      undefined,
      { bounds: { ...BOUNDS, answerMs: 60_000, arrivalMs: 60_000 } },
    )
    cleanups.push(() => server.close(0))
    const sizes = [1_000, 20_000, 60_000, 100_000, 140_000, 200_000, 300_000]
    const numbers = Array.from({ length: 3 * sizes.length }, (_, index) => index)
    for (const number of numbers) {
      const session = await rawConnection(server.port)
      cleanups.push(() => session.destroy())
      begin(session).stream.end(framed(aLongCheck(number, sizes[number % sizes.length] ?? 0)))
    }
    await expect.poll(() => asked).toBe(numbers.length)
    decide()
    await expect.poll(() => seen).toHaveLength(numbers.length)

    const expected = numbers.map((number) => [`m-${number}.example.com`, String(number)])
    expect(new Set(seen.map(String))).toEqual(new Set(expected.map(String)))
  })
})
