/** A reader of foreign data, with the property that must hold for any input. */
export type Target = {
  readonly name: string
  /** How inputs are changed: as bytes, or as the text of a JSON value. */
  readonly form: 'bytes' | 'json'
  /** Pieces of text that have a meaning to the reader. */
  readonly words: readonly string[]
  /** Throws or rejects if the input shows a fault. */
  readonly run: (input: Buffer) => void | Promise<void>
}

/** Used in inputs in place of a secret. No message may quote it. */
export const MARKER = 'marker-of-a-secret-0123456789'

/** The JSON value of an input; `undefined`: it is not JSON. */
export function jsonIn(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString())
  } catch {
    return undefined
  }
}

export function must(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message)
}

export const quotesMarker = (value: unknown): boolean => JSON.stringify(value)?.includes(MARKER)
