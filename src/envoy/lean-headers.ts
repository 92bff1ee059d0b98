// The headers of a request, where they lie in its bytes.

import type { Headers } from '../access/request.ts'
import { isOdd, LENGTH_DELIMITED, next, type Walk } from './wire.ts'

/** Where the name and the value of each header begin and end. */
export type Spans = number[]

const SPAN = 4
const codeOf = (character: string) => character.charCodeAt(0)
const COLON = codeOf(':')
const UNDERSCORE = codeOf('_')
const [UPPER_A, UPPER_Z] = [codeOf('A'), codeOf('Z')]
const [DIGIT_0, DIGIT_9] = [codeOf('0'), codeOf('9')]

/**
 * Reads an entry of the map `headers`, the field that a walk is at. A name that would have to be changed is odd,
 * and so is one that JavaScript would put in another place.
 */
export function readHeader(walk: Walk, spans: Spans, underscored: string[]): void {
  const end = walk.to
  walk.at = walk.from
  const hasName = next(walk, end) && isField(walk, 1)
  const [nameFrom, nameTo] = [walk.from, walk.to]
  const hasValue = hasName && next(walk, end) && isField(walk, 2)
  if (!hasValue || walk.at !== end) return void isOdd(walk)
  const kind = kindOf(walk.bytes, nameFrom, nameTo)
  if (kind === 'odd') return void isOdd(walk)
  if (kind === 'underscored') {
    const name = walk.bytes.toString('latin1', nameFrom, nameTo)
    // The decoder has a special case for it.
    if (name === '__proto__') return void isOdd(walk)
    if (!underscored.includes(name)) underscored.push(name)
  }
  if (walk.bytes[nameFrom] !== COLON) spans.push(nameFrom, nameTo, walk.from, walk.to)
}

const isField = (walk: Walk, field: number) =>
  walk.field === field && walk.wire === LENGTH_DELIMITED

function kindOf(bytes: Buffer, from: number, to: number): 'plain' | 'underscored' | 'odd' {
  const first = bytes[from] ?? 0
  if (from === to || (first >= DIGIT_0 && first <= DIGIT_9)) return 'odd'
  let isUnderscored = false
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x80 || (byte >= UPPER_A && byte <= UPPER_Z)) return 'odd'
    if (byte === UNDERSCORE) isUnderscored = true
  }
  return isUnderscored ? 'underscored' : 'plain'
}

/** Headers of which only those that are asked for become strings. */
export function headersAt(bytes: Buffer, spans: Spans): Headers {
  const find = (name: string): number => {
    // Of equal names the last one counts, as in a map of Protocol Buffers.
    for (let at = spans.length - SPAN; at >= 0; at -= SPAN) {
      if (isAt(bytes, name, spans[at] ?? 0, spans[at + 1] ?? 0)) return at
    }
    return -1
  }
  const valueAt = (at: number) => bytes.toString('utf8', spans[at + 2], spans[at + 3])
  return {
    get: (name) => {
      const at = find(name)
      return at < 0 ? undefined : valueAt(at)
    },
    has: (name) => find(name) >= 0,
    [Symbol.iterator]: () => {
      const all = new Map<string, string>()
      for (let at = 0; at < spans.length; at += SPAN) {
        all.set(bytes.toString('latin1', spans[at], spans[at + 1]), valueAt(at))
      }
      return all[Symbol.iterator]()
    },
  }
}

function isAt(bytes: Buffer, name: string, from: number, to: number): boolean {
  if (to - from !== name.length) return false
  for (let at = 0; at < name.length; at += 1) {
    if (bytes[from + at] !== name.charCodeAt(at)) return false
  }
  return true
}
