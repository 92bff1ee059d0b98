import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/access/answer.ts'
import type { Position } from '../../src/access/request.ts'
import { decodeCheckRequest } from '../../src/envoy/protocol.ts'
import { readCheckRequest } from '../../src/envoy/read-request.ts'
import { anAuthorize } from '../../testing/builders.ts'
import { CAPTURED_WORLD, type Captured, captures, encoded } from '../../testing/envoy/captures.ts'
import { at, entriesAt } from '../../testing/json.ts'
import { EXPECTED } from '../fixtures/expected.ts'

const authorize = anAuthorize(CAPTURED_WORLD)

const answerTo = async (bytes: Buffer, position: Position): Promise<Answer> =>
  authorize(readCheckRequest(decodeCheckRequest(bytes), position).request)

const rowOf = ({ decision, target }: Answer, position: Position) => [
  target?.position ?? position,
  decision.outcome === 'allow' ? 'allow' : decision.reason,
  target === undefined
    ? null
    : `${target.service.kind} ${target.service.namespace}/${target.service.name}`,
]

const positionOf = ({ name, index }: Captured) => EXPECTED[name]?.[index]?.[0] ?? 'gateway'

const CAPTURES = captures()
const titled = (list: readonly Captured[]) =>
  list.map((capture) => [`${capture.name} ${capture.index + 1}`, capture] as const)

describe('a captured request gets its recorded decision:', () => {
  it.each(titled(CAPTURES))('%s', async (_title, capture) => {
    const position = positionOf(capture)

    expect(rowOf(await answerTo(capture.bytes, position), position)).toEqual(
      EXPECTED[capture.name]?.[capture.index],
    )
  })

  it('and none is missing', () => {
    const counted = Map.groupBy(CAPTURES, ({ name }) => name)

    const countsOf = (lists: Iterable<readonly [string, readonly unknown[]]>) =>
      Object.fromEntries(Array.from(lists, ([name, { length }]) => [name, length]))

    expect(countsOf(counted)).toEqual(countsOf(Object.entries(EXPECTED)))
  })
})

describe('a credential that is checked at two hops', () => {
  it('passes the gateway and ends at the sidecar', async () => {
    const hops = CAPTURES.filter(({ name }) => name === 'istio-two-hops-mutual')
    const decisions = await Promise.all(
      hops.map(async (hop) => (await answerTo(hop.bytes, positionOf(hop))).decision),
    )

    expect(decisions).toMatchObject([
      { outcome: 'allow', consumed: [] },
      { outcome: 'allow', consumed: [{ kind: 'header', name: 'authorization' }] },
    ])
  })
})

/** The same request with its headers as raw bytes, as Envoy's `encode_raw_headers` sends them. */
const rawTwinOf = ({ message }: Captured): Buffer =>
  encoded(JSON.parse(JSON.stringify(message), withRawHeaders)).bytes

function withRawHeaders(key: string, value: unknown): unknown {
  if (key !== 'http' || typeof value !== 'object' || value === null) return value
  const headers = entriesAt(value, 'headers').map(([name, text]) => ({
    key: name,
    raw_value: Buffer.from(String(text)).toString('base64'),
  }))
  return { ...value, headers: {}, header_map: { headers } }
}

describe('headers as raw bytes', () => {
  const merged = CAPTURES.filter(
    ({ message }) => at(message, 'attributes', 'request', 'http', 'headers') !== undefined,
  )

  it.each(titled(merged))('change nothing: %s', async (_title, capture) => {
    const position = positionOf(capture)

    expect(await answerTo(rawTwinOf(capture), position)).toEqual(
      await answerTo(capture.bytes, position),
    )
  })

  it.each(['http1', 'http2'])(
    'are captured from the same %s request, with the same answer',
    async (protocol) => {
      const [plain, raw] = ['', '-rawheaders'].map((suffix) =>
        CAPTURES.find(({ name }) => name === `${protocol}-duplicate-authorization${suffix}`),
      )
      const answers = [plain, raw].map((each) =>
        answerTo(each?.bytes ?? Buffer.alloc(0), 'gateway'),
      )

      expect(await answers[1]).toEqual(await answers[0])
      expect((await answers[1])?.target?.service.name).toBe('sk')
    },
  )
})

describe('a connection without HTTP', () => {
  it.each(titled(CAPTURES.filter(({ name }) => /tcp|connect-routed/.test(name))))(
    'is denied at every listener: %s',
    async (_title, { bytes }) => {
      for (const position of ['gateway', 'workload'] as const) {
        expect((await answerTo(bytes, position)).decision).toEqual({
          outcome: 'deny',
          reason: 'unsupported-request',
        })
      }
    },
  )
})
