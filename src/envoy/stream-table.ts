// Replaces the tables in which Node.js keeps the streams of an HTTP/2 session.

import type { Http2Session } from 'node:http2'
import { types } from 'node:util'

/**
 * A map by stream number that refers to nothing that was deleted. Streams in flight on one connection are few,
 * so a search in an array of small integers is as fast as a hash table. A class: V8 keeps an object literal with a
 * getter in dictionary mode, and Node.js calls these methods for each stream.
 */
class StreamTable<T extends object> implements Map<number, T> {
  readonly #numbers: number[] = []
  readonly #streams: T[] = []

  get size(): number {
    return this.#numbers.length
  }

  get [Symbol.toStringTag](): string {
    return 'StreamTable'
  }

  get(number: number): T | undefined {
    return this.#streams[this.#numbers.indexOf(number)]
  }

  has(number: number): boolean {
    return this.#numbers.includes(number)
  }

  set(number: number, stream: T): this {
    const known = this.#numbers.indexOf(number)
    if (known === -1) this.#numbers.push(number)
    this.#streams[known === -1 ? this.#streams.length : known] = stream
    return this
  }

  delete(number: number): boolean {
    const numbers = this.#numbers
    const streams = this.#streams
    const at = numbers.indexOf(number)
    if (at === -1) return false
    // The last entry takes the place of the deleted one.
    const [lastNumber = number, lastStream] = [numbers.pop(), streams.pop()]
    if (lastStream === undefined || at === numbers.length) return true
    numbers[at] = lastNumber
    streams[at] = lastStream
    return true
  }

  clear(): void {
    this.#numbers.length = 0
    this.#streams.length = 0
  }

  forEach(callback: (stream: T, number: number, table: Map<number, T>) => void): void {
    for (const [number, stream] of this) callback(stream, number, this)
  }

  /** A copy: streams delete themselves while they are closed. */
  entries(): MapIterator<[number, T]> {
    return this.#numbers.map((number, at) => [number, this.#streams[at]] as [number, T]).values()
  }

  keys(): MapIterator<number> {
    return [...this.#numbers].values()
  }

  values(): MapIterator<T> {
    return [...this.#streams].values()
  }

  [Symbol.iterator](): MapIterator<[number, T]> {
    return this.entries()
  }
}

export function createStreamTable<T extends object>(
  entries: Iterable<readonly [number, T]> = [],
): Map<number, T> {
  const table = new StreamTable<T>()
  for (const [number, stream] of entries) table.set(number, stream)
  return table
}

/** A set that refers to nothing that was deleted. On a server a stream is a member while it is made. */
class StreamSet<T extends object> {
  readonly #streams: T[]

  constructor(members: Iterable<T>) {
    this.#streams = [...members]
  }

  get size(): number {
    return this.#streams.length
  }

  has(stream: T): boolean {
    return this.#streams.includes(stream)
  }

  add(stream: T): this {
    if (!this.#streams.includes(stream)) this.#streams.push(stream)
    return this
  }

  delete(stream: T): boolean {
    const at = this.#streams.indexOf(stream)
    if (at === -1) return false
    this.#streams.splice(at, 1)
    return true
  }

  /** Visits a copy: streams delete themselves while they are closed. */
  forEach(callback: (stream: T) => void): void {
    for (const stream of this.#streams.slice()) callback(stream)
  }
}

export const createStreamSet = <T extends object>(members: Iterable<T> = []): StreamSet<T> =>
  new StreamSet(members)

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
