// One object in place of many equal ones.

export type InternBounds = { readonly values: number; readonly length: number }

/** At most this many different values are remembered, and none with a longer text. */
export const INTERNED: InternBounds = { values: 4_096, length: 1_024 }

/** Returns the first value with the same text. `text` must say everything about the value, which is never changed. */
export type Intern<V> = (text: string, value: V) => V

/** When it is full it forgets everything: a value is then kept once more, and works as before. */
export function createIntern<V>({ values, length }: InternBounds = INTERNED): Intern<V> {
  const known = new Map<string, V>()
  return (text, value) => {
    const first = known.get(text)
    if (first !== undefined || text.length > length) return first ?? value
    if (known.size >= values) known.clear()
    known.set(text, value)
    return value
  }
}
