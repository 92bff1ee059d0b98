// Parses the events of watches, large ones in a worker thread.

import { parseJson } from '../../common/json.ts'
import type { MaybePromise } from '../../common/maybe-promise.ts'
import { createParserThread } from '../../common/parser-thread.ts'

/** A line of at least this length, in characters, is parsed in a worker thread. */
export const LARGE_LINE = 64 * 1_024

type ParsedLine = { readonly value: unknown } | undefined

const parse = createParserThread(new URL('./line-worker.ts', import.meta.url))

/** `undefined`: not JSON. Of a large AccessPolicy the value has only what is read of it. */
export const parseLine = (line: string): MaybePromise<ParsedLine> =>
  line.length < LARGE_LINE ? parseJson(line) : parseApart(line)

async function parseApart(line: string): Promise<ParsedLine> {
  let value: unknown
  const parsed = await parse(line, (whole) => {
    value = whole
  })
  if (parsed === 'ended') return parseJson(line)
  return parsed === 'whole' ? { value } : undefined
}
