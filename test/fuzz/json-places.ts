/** A place in a JSON value: a holder and a key in it. */
export type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string }

const isHolder = (value: unknown): value is Place['holder'] =>
  typeof value === 'object' && value !== null

/** Own entries only: an input may contain `__proto__` as a key. */
export const valueAt = ({ holder, key }: Place): unknown =>
  Object.getOwnPropertyDescriptor(holder, key)?.value

export const put = ({ holder, key }: Place, value: unknown) =>
  Object.defineProperty(holder, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })

/** Every place, without recursion: inputs may be deep. */
export function placesIn(value: unknown): readonly Place[] {
  const places: Place[] = []
  const rest: unknown[] = [value]
  while (rest.length > 0 && places.length < MAX_PLACES) {
    const holder = rest.pop()
    if (!isHolder(holder)) continue
    for (const key of Object.keys(holder)) {
      const place = { holder, key }
      places.push(place)
      rest.push(valueAt(place))
    }
  }
  return places
}

export const MAX_PLACES = 2_000
