import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { isRecord, parseJson, readText } from '../../src/common/json.ts'

describe('a JSON object', () => {
  it.each([{}, { a: 1 }, Object.create(null)])('has members: %j', (value) => {
    expect(isRecord(value)).toBe(true)
  })

  it.each([undefined, null, [], [{}], 'text', 1, true, () => 1])('is not %j', (value) => {
    expect(isRecord(value)).toBe(false)
  })
})

describe('a text', () => {
  it.each(['{"a":[1]}', 'null', '"b"'])('in JSON is parsed: %s', (text) => {
    expect(parseJson(text)).toEqual({ value: JSON.parse(text) })
  })

  it.each(['', 'undefined', '{"secret":', '{"a":1} '.repeat(2)])(
    'that is not JSON is refused: %s',
    (text) => {
      expect(parseJson(text)).toBeUndefined()
    },
  )
})

describe('a body', () => {
  const bytes = Buffer.from('äöü')
  const inPieces = () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)])

  it('is read up to its limit, with characters that are split between two chunks', async () => {
    expect(await readText(inPieces(), bytes.length)).toBe('äöü')
  })

  it('is not read beyond its limit', async () => {
    const body = inPieces()
    expect(await readText(body, bytes.length - 1)).toBeUndefined()
    expect(body.destroyed).toBe(true)
  })
})
