// The headers of a request, where they lie in its bytes.

import type { Headers } from '../access/request.ts'
import { isOdd, LENGTH_DELIMITED, next, type Walk } from './wire.ts'

/** Where the name of each header begins, and its length in the last bits. Its value follows. */
export type Names = number[]

/** A message has at most 16 MiB, so both fit into a small integer. */
const LENGTH_BITS = 7
export const LONGEST_NAME = 2 ** LENGTH_BITS - 1
const codeOf = (character: string) => character.charCodeAt(0)
const COLON = codeOf(':')
const UNDERSCORE = codeOf('_')
const [UPPER_A, UPPER_Z] = [codeOf('A'), codeOf('Z')]
const [DIGIT_0, DIGIT_9] = [codeOf('0'), codeOf('9')]

/**
 * Reads an entry of the map `headers`, the field that a walk is at. A name that would have to be changed is odd,
 * and so is one that JavaScript would put in another place.
 */
export function readHeader(walk: Walk, names: Names, underscored: string[]): void {
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
  if (walk.bytes[nameFrom] !== COLON) names.push((nameFrom << LENGTH_BITS) | (nameTo - nameFrom))
}

const isField = (walk: Walk, field: number) =>
  walk.field === field && walk.wire === LENGTH_DELIMITED

function kindOf(bytes: Buffer, from: number, to: number): 'plain' | 'underscored' | 'odd' {
  const first = bytes[from] ?? 0
  if (from === to || to - from > LONGEST_NAME) return 'odd'
  if (first >= DIGIT_0 && first <= DIGIT_9) return 'odd'
  let isUnderscored = false
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x80 || (byte >= UPPER_A && byte <= UPPER_Z)) return 'odd'
    if (byte === UNDERSCORE) isUnderscored = true
  }
  return isUnderscored ? 'underscored' : 'plain'
}

/** Headers of which only those that are asked for become strings. */
export function headersAt(bytes: Buffer, names: Names): Headers {
  const find = (name: string): number | undefined => {
    // Of equal names the last one counts, as in a map of Protocol Buffers.
    for (let index = names.length - 1; index >= 0; index -= 1) {
      const place = names[index] ?? 0
      if (isAt(bytes, name, place)) return place
    }
    return undefined
  }
  return {
    get: (name) => {
      const place = find(name)
      return place === undefined ? undefined : valueAfter(bytes, place)
    },
    has: (name) => find(name) !== undefined,
    [Symbol.iterator]: () => {
      const all = new Map<string, string>()
      for (const place of names) {
        const name = bytes.toString('latin1', startOf(place), endOf(place))
        all.set(name, valueAfter(bytes, place))
      }
      return all[Symbol.iterator]()
    },
  }
}

const startOf = (place: number) => place >>> LENGTH_BITS
const lengthOf = (place: number) => place & LONGEST_NAME
const endOf = (place: number) => startOf(place) + lengthOf(place)

/** The name is followed by the tag and the length of the value, which were walked over before. */
function valueAfter(bytes: Buffer, place: number): string {
  let at = endOf(place) + 1
  let length = 0
  for (let shift = 0; at < bytes.length; shift += 7) {
    const byte = bytes[at] ?? 0
    at += 1
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return bytes.toString('utf8', at, at + length)
}

function isAt(bytes: Buffer, name: string, place: number): boolean {
  if (lengthOf(place) !== name.length) return false
  const from = startOf(place)
  for (let at = 0; at < name.length; at += 1) {
    if (bytes[from + at] !== name.charCodeAt(at)) return false
  }
  return true
}
