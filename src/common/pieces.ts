// Cuts large values into pieces for another thread, and joins them again.

import { isRecord, parseJson } from './json.ts'

/**
 * Adds values to the list or map that is open, or opens one in it. The values of a map have keys. Outside of all is
 * the list of the values that were cut.
 */
export type Piece =
  | { readonly keys: readonly string[] | null; readonly values: readonly unknown[] }
  | { readonly opens: 'list' | 'map'; readonly key: string | null }
  | 'close'

type Costly = { readonly piece: Piece; readonly cost: number }

/** A value of more units is cut: to receive one holds up the event loop. A unit is one field or element. */
export const MAX_PIECE = 4_096
/** A text counts once more per this many characters. */
const TEXT_LENGTH = 128
/** Units of a value that is not within another one: it is also read on arrival. */
const WHOLE_VALUE = 128

/** Cuts values into pieces with their cost in units. Only what holds more than MAX_PIECE is cut, and a text never is. */
export function* cut(all: readonly unknown[]): Generator<Costly, void, void> {
  const costs = costsOf(all)
  const open = [entriesIn(all)]
  let [keys, values, cost]: [string[], unknown[], number] = [[], [], 0]
  function* flush(): Generator<Costly, void, void> {
    if (values.length === 0) return
    yield { piece: { keys: keys.length === 0 ? null : keys, values }, cost }
    ;[keys, values, cost] = [[], [], 0]
  }
  for (let entries = open.at(-1); entries !== undefined; entries = open.at(-1)) {
    const next = entries.next()
    if (next.done === true) {
      yield* flush()
      open.pop()
      if (open.length > 0) yield { piece: 'close', cost: 1 }
      continue
    }
    const [key, value] = next.value
    const own = isContainer(value) ? (costs.get(value) ?? 0) : costOf(value)
    if (own <= MAX_PIECE || !isContainer(value)) {
      if (key !== null) keys.push(key)
      values.push(value)
      cost += costOf(key) + Math.max(own, open.length === 1 ? WHOLE_VALUE : 1)
      if (cost >= MAX_PIECE) yield* flush()
    } else {
      yield* flush()
      yield { piece: { opens: Array.isArray(value) ? 'list' : 'map', key }, cost: 1 }
      open.push(entriesIn(value))
    }
  }
}

/** A longer text is copied faster than it is parsed. */
const LONG_TEXT = 1_024

/** A piece to send: as JSON, which arrives faster than an object, or as it is if it has a value that JSON has not. */
export function sendable(piece: Piece): unknown {
  let isJson = true
  const look = (_key: string, value: unknown) => {
    if (typeof value === 'number') isJson &&= Number.isFinite(value) && !Object.is(value, -0)
    if (typeof value === 'string') isJson &&= value.length <= LONG_TEXT
    if (value === undefined) isJson = false
    return value
  }
  try {
    const text = JSON.stringify(piece, look)
    return isJson ? text : piece
  } catch {
    // It is nested too deeply.
    return piece
  }
}

/** Joins pieces, and gives each whole value to `take`. */
export function createJoin(take: (value: unknown) => void): (sent: unknown) => void {
  const open: object[] = []
  const add = (key: unknown, value: unknown) => {
    const last = open.at(-1)
    if (last === undefined) take(value)
    else if (Array.isArray(last)) last.push(value)
    // An assignment to `__proto__` adds no property.
    else if (key === '__proto__') Object.defineProperty(last, key, { value, ...PLAIN })
    else Reflect.set(last, String(key), value)
  }
  return (received) => {
    const piece = typeof received === 'string' ? parseJson(received)?.value : received
    if (piece === 'close') {
      const last = open.pop()
      if (open.length === 0) take(last)
    } else if (isRecord(piece) && Array.isArray(piece.values)) {
      const keys = Array.isArray(piece.keys) ? piece.keys : []
      for (const [index, value] of piece.values.entries()) add(keys[index], value)
    } else if (isRecord(piece)) {
      const opened = piece.opens === 'list' ? [] : {}
      if (open.length > 0) add(piece.key, opened)
      open.push(opened)
    }
  }
}

const PLAIN = { configurable: true, enumerable: true, writable: true }

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

function* entriesIn(container: object): Generator<readonly [string | null, unknown]> {
  if (Array.isArray(container)) for (const value of container) yield [null, value]
  else yield* Object.entries(container)
}

const costOf = (value: unknown): number =>
  typeof value === 'string' ? 1 + Math.floor(value.length / TEXT_LENGTH) : 0

/** The cost of each list and map within a value. Without recursion: a value may be nested deeply. */
function costsOf(value: object): ReadonlyMap<object, number> {
  const costs = new Map<object, number>()
  const found: { readonly container: object; readonly within: object | undefined }[] = []
  found.push({ container: value, within: undefined })
  for (const { container } of found) {
    let own = 0
    for (const [key, entry] of entriesIn(container)) {
      own += 1 + costOf(key) + costOf(entry)
      if (isContainer(entry)) found.push({ container: entry, within: container })
    }
    costs.set(container, own)
  }
  for (const { container, within } of found.toReversed()) {
    if (within === undefined) continue
    costs.set(within, (costs.get(within) ?? 0) + (costs.get(container) ?? 0))
  }
  return costs
}
