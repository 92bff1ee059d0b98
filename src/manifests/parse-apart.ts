// Parses large documents in a worker thread.

import { createParserThread } from '../common/parser-thread.ts'
import { textAt, valueAt } from '../resources/object.ts'
import type { DocumentText, Fault } from './yaml.ts'

const parse = createParserThread(new URL('./yaml-worker.ts', import.meta.url))

/**
 * Parses a large document in a worker thread, one document at a time. `take` receives its objects one after
 * the other, with turns for other work in between.
 */
export async function parseApart(
  document: DocumentText,
  take: (object: unknown) => void,
): Promise<Fault | undefined> {
  const parsed = await parse(document, take)
  if (parsed === 'whole') return undefined
  const reason = parsed === 'ended' ? undefined : textAt(parsed.fault, 'reason')
  if (parsed === 'ended' || reason === undefined) {
    const { line, column } = document
    return { reason: 'it cannot be parsed', line, column }
  }
  const [line, column] = [valueAt(parsed.fault, 'line'), valueAt(parsed.fault, 'column')]
  return typeof line === 'number' && typeof column === 'number'
    ? { reason, line, column }
    : { reason }
}
