// Reads the lines of the decision log that the command `explain` is given.

import { compareTexts } from '../common/compare-texts.ts'
import { isRecord, parseJson } from '../common/json.ts'
import { textAt } from '../resources/object.ts'
import { UsageError } from './exit-codes.ts'
import type { ExplainFlags } from './flags.ts'
import { readInputOrStdin } from './read-input.ts'

/** A line of the decision log, as far as it can be decided again. */
export type Logged = {
  readonly time: string
  readonly position: 'workload' | 'gateway'
  readonly method: string
  readonly host: string
  readonly path: string
  readonly source: string
  readonly principal: string
  readonly destination: string
  readonly target: string
  readonly decision: string
  readonly reason: string
  readonly credentialKind: string
  readonly credential: string
  readonly because: string
}

/** Most lines of one request id that are explained. */
const EXPLAINED = 16

export type LoggedLines = {
  /** The oldest first. */
  readonly lines: readonly Logged[]
  /** How many newer lines are left out. */
  readonly leftOut: number
}

/** The line of the argument or of the input, or its lines with the request id. */
export function loggedLines({ requestId }: ExplainFlags, given = '-'): LoggedLines {
  const text = given === '-' ? readInputOrStdin('explain', given) : given
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const read = lines.flatMap((line) => readLine(line) ?? [])
  const found = requestId === undefined ? read : read.filter((each) => each.requestId === requestId)
  if (found.length === 0)
    throw new UsageError(
      requestId === undefined
        ? 'explain: expected a line of the decision log, a JSON object with decision and position'
        : `explain: no line has the request id ${requestId}`,
    )
  if (requestId === undefined && found.length > 1)
    throw new UsageError(`explain: ${found.length} lines; give one, or --request-id ID`)
  // Times of the log have one format, so that their order is that of their texts.
  const sorted = found.toSorted((one, other) => compareTexts(one.time, other.time))
  return { lines: sorted.slice(0, EXPLAINED), leftOut: Math.max(0, sorted.length - EXPLAINED) }
}

function readLine(text: string): (Logged & { readonly requestId: string }) | undefined {
  const line = parseJson(text)?.value
  const of = (name: string): string => textAt(line, name) ?? ''
  const position = of('position')
  if (!isRecord(line) || of('decision') === '') return undefined
  if (position !== 'workload' && position !== 'gateway') return undefined
  const because = [of('detail'), of('decidedBy')].filter((each) => each !== '')
  return {
    requestId: of('requestId'),
    time: of('time'),
    position,
    method: of('method'),
    host: of('host'),
    path: of('path'),
    source: of('source'),
    principal: of('principal'),
    destination: of('destination'),
    target: of('name') === '' ? '' : `${of('namespace')}/${of('name')}`,
    decision: of('decision'),
    reason: of('reason'),
    credentialKind: of('credentialKind'),
    credential: of('credential'),
    because: because.join(', '),
  }
}
