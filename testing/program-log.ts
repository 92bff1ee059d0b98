import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { parseJson } from '../src/common/json.ts'
import { at } from './json.ts'

/** The lines of JSON that have come so far; other lines as they are. */
export function recordsOf(stream: Readable | null): readonly unknown[] {
  const records: unknown[] = []
  if (stream === null) return records
  createInterface({ input: stream }).on('line', (line) => {
    const parsed = parseJson(line)
    records.push(parsed === undefined ? line : parsed.value)
  })
  return records
}

/** The port in the first line of a log that has these fields. */
export function portIn(log: readonly unknown[], fields: object): number | undefined {
  const line = log.find((each) =>
    Object.entries(fields).every(([name, value]) => at(each, name) === value),
  )
  const port = at(line, 'port')
  return typeof port === 'number' ? port : undefined
}
