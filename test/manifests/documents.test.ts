import { describe, expect, it } from 'vitest'
import { type Documents, type FileReading, readDocuments } from '../../src/manifests/documents.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

const read = (text: string | Uint8Array, previous?: Documents<unknown>) =>
  readDocuments<unknown>(
    typeof text === 'string' ? bytesOf(text) : text,
    (object) => object,
    previous,
  )

async function objectsIn(text: string): Promise<readonly unknown[]> {
  const reading = await read(text)
  if (reading.kind === 'faulty') throw new Error(JSON.stringify(reading.fault))
  return reading.objects
}

async function faultIn(text: string | Uint8Array) {
  const reading = await read(text)
  return reading.kind === 'faulty' ? reading.fault : undefined
}

describe('a file', () => {
  it.each([
    ['nothing', '', []],
    ['only comments', '# a\n---\n# b\n', []],
    ['one document', 'a: 1\n', [{ a: 1 }]],
    ['documents', 'a: 1\n---\nb: 2\n--- # c\nc: 3\n---', [{ a: 1 }, { b: 2 }, { c: 3 }]],
    ['documents with Windows line endings', 'a: 1\r\n---\r\nb: 2\r\n', [{ a: 1 }, { b: 2 }]],
    [
      'documents on the line of their separator',
      '--- {a: 1}\n--- |\n text\n',
      [{ a: 1 }, 'text\n'],
    ],
    ['document ends', 'a: 1\n...\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['directives', '%YAML 1.2\n---\na: 1\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['a byte order mark', '\ufeff---\na: 1\n', [{ a: 1 }]],
    ['dashes within text', 'a: |\n  ---\nb: "x ---"\n', [{ a: '---\n', b: 'x ---' }]],
    ['dashes after a line break of JavaScript', 'a: "x\u2028--- y"\n', [{ a: 'x\u2028--- y' }]],
    ['JSON', '{"a":\t"\\u00e9\\/"}', [{ a: 'é/' }]],
    [
      'yes, dates and merges',
      'a: yes\nb: 2027-01-01\n<<: {c: 1}',
      [{ a: 'yes', b: '2027-01-01', c: 1 }],
    ],
  ])('of %s is read', async (_title, text, objects) => {
    expect(await objectsIn(text)).toEqual(objects)
  })

  it('with a List is read as its items, which may omit their kind', async () => {
    const lists = [
      'kind: List\napiVersion: v1\nitems: [{kind: Secret}, {kind: List, items: [{kind: Pod}]}]',
      'kind: PodList\napiVersion: v1\nitems: [{a: 1}, {kind: Other, apiVersion: v2}]',
      'kind: SecretList\napiVersion: v1\nitems: []',
    ]
    expect(await objectsIn(lists.join('\n---\n'))).toEqual([
      { kind: 'Secret' },
      { kind: 'Pod' },
      { kind: 'Pod', apiVersion: 'v1', a: 1 },
      { kind: 'Other', apiVersion: 'v2' },
    ])
  })

  it('keeps property names of Object.prototype as keys', async () => {
    const [object] = await objectsIn('__proto__: {admin: true}\nconstructor: 1\n')
    expect(Object.keys(Object(object))).toEqual(['__proto__', 'constructor'])
    expect(Object(object).admin).toBeUndefined()
  })
})

describe('an error', () => {
  it.each([
    ['an unclosed list', 'a: 1\n---\nb: [\n', 4, 1],
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 3, 1],
    ['on the line of a separator', 'a: 1\n--- {a: 1, a: 2}\n', 2, 12],
    ['after Windows line endings', 'a: 1\r\n---\r\nb: 1\r\n c: 2\r\n', 4, 3],
    ['with directives', '%YAML 1.2\n---\na: 1\n---\nb: [\n', 6, 1],
  ])('is %s, at its line and column', async (_title, text, line, column) => {
    expect(await faultIn(text)).toEqual({ reason: expect.stringMatching(/./), line, column })
  })

  it.each([
    ['an alias', 'a: &x {b: 1}\nc: *x\n'],
    ['a bomb of aliases', 'a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n'],
    ['a tag', 'a: !!js/function "x"\n'],
    ['binary', 'a: !!binary aGVsbG8=\n'],
    ['a list as a key', '? [a]\n: b\n'],
    ['a tab for indentation', 'a:\n\tb: 1\n'],
    ['a null byte', 'a: "\0"\n'],
    ['too much nesting', '['.repeat(10_000)],
  ])('is %s', async (_title, text) => {
    expect(await faultIn(text)).toBeDefined()
  })

  it('is reported for text that is not UTF-8', async () => {
    expect(await faultIn(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toEqual({
      reason: 'it is not UTF-8',
    })
    expect(await faultIn(Uint8Array.of(0xff, 0xfe, 0x61, 0x00))).toEqual({
      reason: 'it is not UTF-8',
    })
  })

  it.each([
    'api_key: *a-secret-key\n',
    'api_key: !a-secret-key x\n',
    'api_key: !<a-secret-key> x\n',
    'api_key: !a-secret-key!b x\n',
    'api_key: !a-secret-key"^ x\n',
    'api_key: &a-secret-key &b x\n',
    '"a-secret-key": 1\n"a-secret-key": 2\n',
    'api_key: "a-secret-key\n',
    'api_key: a-secret-key\n  b: c\n',
    "api_key: 'a-secret-key'x\n",
    '%TAG !a-secret-key! x\n%TAG !a-secret-key! x\n---\na: b\n',
    '%a-secret-key\n',
    'a-secret-key\nb: c\n',
  ])('never quotes %j', async (text) => {
    const fault = await faultIn(text)
    expect(fault).toBeDefined()
    expect(fault?.reason).not.toContain('secret')
  })
})

describe('a file that was read before', () => {
  it('is parsed again only where its text changed', async () => {
    const seen: unknown[] = []
    const note = (object: unknown) => {
      seen.push(object)
      return { object }
    }
    const first = await readDocuments(bytesOf('a: 1\n---\nb: 2\n'), note)
    const again = await readDocuments(bytesOf('c: 3\n---\nb: 2\n'), note, documentsOf(first))
    expect(seen).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }])
    expect(objectsOf(again)[1]).toBe(objectsOf(first)[1])
  })
})

function documentsOf<T>(reading: FileReading<T>): Documents<T> {
  return reading.kind === 'read' ? reading.documents : new Map()
}

function objectsOf<T>(reading: FileReading<T>): readonly T[] {
  return reading.kind === 'read' ? reading.objects : []
}
