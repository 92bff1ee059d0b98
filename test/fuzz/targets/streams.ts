import { Readable } from 'node:stream'
import { jsonLines } from '../../../src/kubernetes/client/json-lines.ts'
import { readPage, readWatchEvent } from '../../../src/kubernetes/watch/watch-event.ts'
import { isSame } from '../same.ts'
import { jsonIn, must, quotesMarker, type Target } from '../target.ts'

/**
 * Each value of a stream that arrives in chunks of `size` bytes; a final `undefined` means that it ended with an
 * error.
 */
async function valuesIn(input: Buffer, size: number): Promise<readonly unknown[]> {
  const parts: Buffer[] = []
  for (let start = 0; start < input.length; start += size)
    parts.push(input.subarray(start, start + size))
  const values: unknown[] = []
  try {
    for await (const value of jsonLines(Readable.from(parts, { objectMode: false }), 60_000))
      values.push(value)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    must(said.includes('event of the API server'), `fails with another error: ${said}`)
    must(!quotesMarker(said), 'fails with an error that quotes the stream')
    values.push(undefined)
  }
  return values
}

/** The same for the whole text at once. */
function valuesAgain(input: Buffer): readonly unknown[] {
  const values: unknown[] = []
  for (const line of new TextDecoder('utf-8', { ignoreBOM: true })
    .decode(input)
    .split('\n')
    .slice(0, -1)) {
    if (line === '') continue
    try {
      values.push(JSON.parse(line))
    } catch {
      return [...values, undefined]
    }
  }
  return values
}

const WORDS = [
  '\n',
  '\r\n',
  '{"type":',
  '"ADDED"',
  '"MODIFIED"',
  '"DELETED"',
  '"BOOKMARK"',
  '"ERROR"',
  '"object":',
  '"metadata":',
  '"resourceVersion":',
  '"annotations":',
  '"k8s.io/initial-events-end":',
  '"true"',
  '"code":410',
  '\u00e9',
  '\ufeff',
]

/** The bytes of a watch. The first determines the size of the chunks. */
export const watch: Target = {
  name: 'watch',
  form: 'bytes',
  words: WORDS,
  run: async (input) => {
    const size = 1 + ((input[0] ?? 0) % 64) * Math.ceil(input.length / 256)
    const stream = input.subarray(1)
    const values = await valuesIn(stream, size)
    must(isSame(values, valuesAgain(stream)), 'is read differently in chunks')
    for (const value of values) isEvent(value)
  },
}

function isEvent(value: unknown) {
  const event = readWatchEvent(value)
  switch (event.kind) {
    case 'put':
    case 'removed':
      must(event.object.key.includes('/'), 'has an object without a key')
      must(Object(value).object === event.object.content, 'has another object')
      return
    case 'bookmark':
      must(event.version !== '', 'has a bookmark of no version')
      return
    case 'error':
      must(typeof event.code === 'number', 'has an error without a code')
      return
    case 'unknown':
  }
}

export const page: Target = {
  name: 'page',
  form: 'json',
  words: ['metadata', 'items', 'resourceVersion', 'continue', 'name', 'namespace', 'kind', '1'],
  run: (input) => {
    const value = jsonIn(input)
    isEvent(value)
    const read = readPage(value)
    if (read === undefined) return
    const { items } = Object(value)
    must(read.items.length === (items?.length ?? 0), 'leaves out objects')
    must(typeof read.version === 'string' && typeof read.next === 'string', 'is half a page')
  },
}
