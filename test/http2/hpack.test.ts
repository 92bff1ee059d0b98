import { describe, expect, it } from 'vitest'
import { createHpackDecoder, MAX_HEADER_FIELDS, MAX_LIST_BYTES } from '../../src/http2/hpack.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** The fields of blocks that follow each other on one connection. */
function fieldsOf(...blocks: readonly Buffer[]) {
  const { decode } = createHpackDecoder()
  return blocks.map((block) => decode(block)?.fields.map(({ name, value }) => `${name}: ${value}`))
}

// RFC 7541 Appendix C.
const FIRST = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
const SECOND = [...FIRST, 'cache-control: no-cache']
const THIRD = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
]

describe('header blocks are decoded as in the examples of RFC 7541:', () => {
  it.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key: custom-header',
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path'],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret'],
    ['C.2.4', '82', ':method: GET'],
  ])('%s', (_title, block, field) => {
    expect(fieldsOf(hex(block))).toEqual([[field]])
  })

  it('C.3, requests without Huffman coding', () => {
    expect(
      fieldsOf(
        hex('8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d'),
        hex('8286 84be 5808 6e6f 2d63 6163 6865'),
        hex('8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65'),
      ),
    ).toEqual([FIRST, SECOND, THIRD])
  })

  it('C.4, requests with Huffman coding', () => {
    expect(
      fieldsOf(
        hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'),
        hex('8286 84be 5886 a8eb 1064 9cbf'),
        hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'),
      ),
    ).toEqual([FIRST, SECOND, THIRD])
  })

  it('C.6, with entries that leave a table of 256 bytes', () => {
    const resize = hex('3fe1 01')
    const first = hex(
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    )
    const second = hex('4883 640e ffc1 c0bf')
    const third = hex(
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    )
    const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT'
    const location = 'location: https://www.example.com'
    expect(fieldsOf(Buffer.concat([resize, first]), second, third)).toEqual([
      [':status: 302', 'cache-control: private', date, location],
      [':status: 307', 'cache-control: private', date, location],
      [
        ':status: 200',
        'cache-control: private',
        'date: Mon, 21 Oct 2013 20:13:22 GMT',
        location,
        'content-encoding: gzip',
        'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      ],
    ])
  })
})

describe('a header block is refused', () => {
  it.each([
    ['with index 0', '80'],
    ['with an index of no entry', 'be'],
    ['with an index beyond all numbers', 'ff ffff ffff ff0f'],
    ['with a number of many bytes', `00 01 61 7f 8080 8080 8000 ${'61'.repeat(127)}`],
    ['that ends in a number', 'ff'],
    ['that ends in a name', '00 05 61'],
    ['that ends before a value', '00 01 61'],
    ['that ends in a value', '00 01 61 05 61'],
    ['with a name of no entry', '7e 01 61'],
    ['with a table beyond the limit', '3f e2 1f'],
    ['with a table of another size after a field', '82 20'],
    ['with padding of zeros', '00 01 61 81 18'],
    ['with padding of a byte', '00 01 61 82 1fff'],
    ['with the end of a Huffman code', '00 01 61 84 ffffffff'],
  ])('%s', (_title, block) => {
    expect(createHpackDecoder().decode(hex(block))).toBeUndefined()
  })
})

describe('a table', () => {
  it('of the greatest size is allowed, and one of size 0 keeps nothing', () => {
    const kept = hex('40 01 61 01 62')
    expect(fieldsOf(Buffer.concat([hex('3fe1 1f'), kept]), hex('be'))).toEqual([['a: b'], ['a: b']])
    expect(fieldsOf(Buffer.concat([hex('20'), kept]), hex('be'))).toEqual([['a: b'], undefined])
  })

  it('loses its oldest entries, and all of them to one that does not fit', () => {
    const entry = (name: string, length: number) =>
      Buffer.concat([
        hex('4001'),
        Buffer.from(name),
        hex('7f'),
        number(length - 127),
        Buffer.alloc(length, 'x'),
      ])
    const names = (...blocks: readonly Buffer[]) =>
      fieldsOf(...blocks).map((fields) => fields?.map((field) => field.slice(0, 1)))
    // 2,033 bytes each: two of them fit.
    expect(names(entry('a', 2_000), entry('b', 2_000), hex('bf'))).toEqual([['a'], ['b'], ['a']])
    expect(
      names(entry('a', 2_000), entry('b', 2_000), entry('c', 2_000), hex('bf'), hex('c0')),
    ).toEqual([['a'], ['b'], ['c'], ['b'], undefined])
    expect(names(entry('a', 2_000), entry('b', 5_000), hex('be'))).toEqual([
      ['a'],
      ['b'],
      undefined,
    ])
  })
})

/** A number after its first byte. */
function number(rest: number): Buffer {
  const bytes: number[] = []
  let left = rest
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return Buffer.from([...bytes, left])
}

describe('fields beyond the limit are dropped, and the table stays right,', () => {
  it('if they are many', () => {
    const decoder = createHpackDecoder()
    const many = Buffer.concat([
      hex('40 01 61 01 62'),
      Buffer.alloc(MAX_HEADER_FIELDS, 0xbe),
      hex('40 01 63 01 64'),
    ])
    const block = decoder.decode(many)
    expect(block?.isTooLong).toBe(true)
    expect(block?.fields).toHaveLength(MAX_HEADER_FIELDS)
    expect(decoder.decode(hex('be'))?.fields).toMatchObject([{ name: 'c', value: 'd' }])
    expect(decoder.decode(Buffer.alloc(MAX_HEADER_FIELDS, 0xbe))?.isTooLong).toBe(false)
  })

  it('if they are long', () => {
    const decoder = createHpackDecoder()
    const long = Buffer.concat([hex('4001 61 7f'), number(4_000 - 127), Buffer.alloc(4_000, 'x')])
    decoder.decode(long)
    const size = 4_000 + 1 + 32
    const fits = Math.floor(MAX_LIST_BYTES / size)
    expect(decoder.decode(Buffer.alloc(fits, 0xbe))?.isTooLong).toBe(false)
    expect(decoder.decode(Buffer.alloc(fits + 1, 0xbe))?.isTooLong).toBe(true)
  })
})

it('the version changes with the table, and only with it', () => {
  const { decode, version } = createHpackDecoder()
  const after = (block: string) => {
    const before = version()
    decode(hex(block))
    return version() !== before
  }
  expect(after('82 00 01 61 01 62 10 01 61 01 62')).toBe(false)
  expect(after('40 01 61 01 62')).toBe(true)
  expect(after('be')).toBe(false)
  expect(after('20')).toBe(true)
})
