// The open streams of a connection.

import type { ServerStream } from './stream.ts'

/**
 * Finds streams by number. They are few, so a search in an array of small integers is as fast as a hash table, and a
 * `Map` would keep what was deleted alive: see docs/http2.md.
 */
export class StreamTable<State> {
  readonly #ids: number[] = []
  readonly #streams: ServerStream<State>[] = []

  get size(): number {
    return this.#ids.length
  }

  get(id: number): ServerStream<State> | undefined {
    return this.#streams[this.#ids.indexOf(id)]
  }

  add(stream: ServerStream<State>): void {
    this.#ids.push(stream.id)
    this.#streams.push(stream)
  }

  /** `false`: it is not there. */
  delete({ id }: ServerStream<State>): boolean {
    const at = this.#ids.indexOf(id)
    if (at === -1) return false
    // The last one takes its place.
    const [lastId = id, last] = [this.#ids.pop(), this.#streams.pop()]
    if (last === undefined || at === this.#ids.length) return true
    this.#ids[at] = lastId
    this.#streams[at] = last
    return true
  }

  /** A copy: streams are deleted while they are visited. */
  all(): readonly ServerStream<State>[] {
    return this.#streams.slice()
  }
}
