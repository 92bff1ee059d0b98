// Replaces the tables in which Node.js keeps the streams of an HTTP/2 session.

import type { Http2Session } from 'node:http2'
import { types } from 'node:util'

/**
 * A map by stream number that refers to nothing that was deleted. Streams in flight on one connection are few,
 * so a search in an array of small integers is as fast as a hash table.
 */
export function createStreamTable<T extends object>(
  entries: Iterable<readonly [number, T]> = [],
): Map<number, T> {
  const numbers: number[] = []
  const streams: T[] = []
  const table: Map<number, T> = {
    get: (number) => streams[numbers.indexOf(number)],
    has: (number) => numbers.includes(number),
    set: (number, stream) => {
      const known = numbers.indexOf(number)
      if (known === -1) numbers.push(number)
      streams[known === -1 ? streams.length : known] = stream
      return table
    },
    delete: (number) => {
      const at = numbers.indexOf(number)
      if (at === -1) return false
      // The last entry takes the place of the deleted one.
      const [lastNumber = number, lastStream] = [numbers.pop(), streams.pop()]
      if (lastStream === undefined || at === numbers.length) return true
      numbers[at] = lastNumber
      streams[at] = lastStream
      return true
    },
    clear: () => {
      numbers.length = 0
      streams.length = 0
    },
    get size() {
      return numbers.length
    },
    forEach: (callback) => {
      for (const [number, stream] of table) callback(stream, number, table)
    },
    // A copy: streams delete themselves while they are closed.
    entries: () => numbers.map((number, at) => [number, streams[at]] as [number, T]).values(),
    keys: () => [...numbers].values(),
    values: () => [...streams].values(),
    [Symbol.iterator]: () => table.entries(),
    [Symbol.toStringTag]: 'StreamTable',
  }
  for (const [number, stream] of entries) table.set(number, stream)
  return table
}

type StreamSet<T> = {
  readonly size: number
  readonly has: (stream: T) => boolean
  readonly add: (stream: T) => unknown
  readonly delete: (stream: T) => boolean
  readonly clear: () => void
  readonly forEach: (callback: (stream: T) => void) => void
}

/** A set that refers to nothing that was deleted. On a server a stream is a member while it is made. */
export function createStreamSet<T extends object>(members: Iterable<T> = []): StreamSet<T> {
  const streams = [...members]
  const set: StreamSet<T> = {
    get size() {
      return streams.length
    },
    has: (stream) => streams.includes(stream),
    add: (stream) => {
      if (!streams.includes(stream)) streams.push(stream)
      return set
    },
    delete: (stream) => {
      const at = streams.indexOf(stream)
      if (at === -1) return false
      streams.splice(at, 1)
      return true
    },
    clear: () => {
      streams.length = 0
    },
    // A copy: streams delete themselves while they are closed.
    forEach: (callback) => {
      for (const stream of streams.slice()) callback(stream)
    },
  }
  return set
}

/**
 * Gives a session tables of its own in place of its `Map` and its `Set`, which keep dead streams alive: see
 * docs/http2-streams.md. The fields are private; tests check that they exist, and that this is still needed.
 * `false`: the session is not as expected, and unchanged.
 */
export function replaceStreamTable(session: Http2Session): boolean {
  const state = stateOf(session)
  const entries = entriesOf(state?.streams)
  const pending = membersOf(state?.pendingStreams)
  if (state === undefined || entries === undefined || pending === undefined) return false
  state.streams = createStreamTable(entries)
  state.pendingStreams = createStreamSet(pending)
  return true
}

type State = { streams: unknown; pendingStreams: unknown }

function stateOf(session: object): State | undefined {
  const symbols = Object.getOwnPropertySymbols(session)
  const states = symbols.filter(({ description }) => description === 'state')
  const [symbol] = states
  if (symbol === undefined || states.length > 1) return undefined
  const state: unknown = Reflect.get(session, symbol)
  return isState(state) ? state : undefined
}

const isState = (state: unknown): state is State =>
  typeof state === 'object' &&
  state !== null &&
  ['streams', 'pendingStreams'].every(
    (name) => Object.getOwnPropertyDescriptor(state, name)?.writable === true,
  )

/** `undefined`: it is not a map of streams by number. */
function entriesOf(streams: unknown): readonly (readonly [number, object])[] | undefined {
  if (!types.isMap(streams)) return undefined
  // Node's own kind of Map does not inherit from `Map`.
  const entries: unknown[][] = [...Map.prototype.entries.call(streams)]
  return entries.every(isEntry) ? entries : undefined
}

const isEntry = (entry: readonly unknown[]): entry is [number, object] =>
  typeof entry[0] === 'number' && isStream(entry[1])

/** `undefined`: it is not a set of streams. */
function membersOf(streams: unknown): readonly object[] | undefined {
  if (!types.isSet(streams)) return undefined
  const members: unknown[] = [...Set.prototype.values.call(streams)]
  return members.every(isStream) ? members : undefined
}

const isStream = (member: unknown): member is object =>
  typeof member === 'object' && member !== null
