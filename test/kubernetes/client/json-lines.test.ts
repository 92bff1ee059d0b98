import { PassThrough, Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLines, Silence } from '../../../src/kubernetes/client/json-lines.ts'

const LONG_MS = 60_000

async function valuesIn(chunks: readonly (string | Buffer)[]): Promise<unknown[]> {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  const values: unknown[] = []
  for await (const value of jsonLines(stream, LONG_MS)) values.push(value)
  return values
}

describe('lines of JSON', () => {
  it('are read wherever they are split into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.array(fc.integer({ min: 1, max: 20 })),
        async (values, cuts) => {
          const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
          const chunks: Buffer[] = []
          let rest = bytes
          for (const cut of cuts) {
            chunks.push(rest.subarray(0, cut))
            rest = rest.subarray(cut)
          }
          const read = await valuesIn([...chunks, rest])
          expect(read).toEqual(JSON.parse(JSON.stringify(values)))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('may be empty', async () => {
    expect(await valuesIn(['1\n\n2\n'])).toEqual([1, 2])
  })

  it('are ignored if incomplete', async () => {
    expect(await valuesIn(['1\n', '{"a":'])).toEqual([1])
  })

  it('that are not JSON are not quoted', async () => {
    await expect(valuesIn(['sk-secret\n'])).rejects.toThrow(
      'an event of the API server is not JSON',
    )
  })

  it('are at most as long as an object can be', async () => {
    const chunk = 'x'.repeat(1024 * 1024)
    await expect(valuesIn(Array.from({ length: 17 }, () => chunk))).rejects.toThrow(/too long/)
  })
})

it('a stream that always has more data yields to the event loop', async () => {
  const chunks = Array.from({ length: 50 }, () => `${'1\n'.repeat(20_000)}`)
  const stream = Readable.from(chunks, { objectMode: false, highWaterMark: 1024 * 1024 })
  let turns = 0
  let reading = true
  const turn = () => {
    turns += 1
    if (reading) setImmediate(turn)
  }
  turn()
  let values = 0
  for await (const _value of jsonLines(stream, LONG_MS)) values += 1
  reading = false
  expect(values).toBe(1_000_000)
  expect(turns).toBeGreaterThan(4)
})

describe('silence', () => {
  it('ends the stream', async () => {
    const stream = new PassThrough()
    stream.write('1\n')
    const read = jsonLines(stream, 20)
    expect((await read.next()).value).toBe(1)
    await expect(read.next()).rejects.toThrow(Silence)
    expect(stream.destroyed).toBe(true)
  })

  it('is not interrupted by bytes that do not complete a line', async () => {
    const stream = new PassThrough()
    const drops = setInterval(() => stream.write(' '), 2)
    await expect(jsonLines(stream, 50).next()).rejects.toThrow(Silence)
    clearInterval(drops)
  })
})
