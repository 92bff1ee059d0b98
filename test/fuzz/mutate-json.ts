import type { Random } from '../../testing/routes/random.ts'
import { MAX_PLACES, type Place, placesIn, put, valueAt } from './json-places.ts'
import { mutateBytes } from './mutate-bytes.ts'

type Change = (place: Place, random: Random, words: readonly string[], other: unknown) => void

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  '',
  ' ',
  'a',
  [],
  {},
  [[]],
  [null],
]
const KEYS = ['__proto__', 'constructor', 'toString', 'length', 'toJSON', '', 'a']
const DEPTHS = [2, 20, 200, 2_000, 9_000]

function remove({ holder, key }: Place) {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else Reflect.deleteProperty(holder, key)
}

const CHANGES: readonly Change[] = [
  (place, random, words) => put(place, structuredClone(random.pick([...VALUES, ...words]))),
  (place) => remove(place),
  (place, random, _words, other) => {
    const found = random.pick(placesIn(other))
    put(place, structuredClone(found === undefined ? other : valueAt(found)))
  },
  (place, random, words) => {
    const key = random.pick([...KEYS, ...words]) ?? ''
    const value = structuredClone(valueAt(place))
    if (Array.isArray(place.holder)) place.holder.push(value)
    else put({ holder: place.holder, key }, value)
  },
  (place, random, words) => {
    const value = valueAt(place)
    if (typeof value !== 'string') return
    put(place, mutateBytes(Buffer.from(value), random, words, Buffer.from(value)).toString())
  },
  (place, random, words, other) => {
    const value = valueAt(place)
    if (typeof value !== 'string') return
    const texts = placesIn(other)
      .map(valueAt)
      .filter((each) => typeof each === 'string')
    const found = random.pick([...texts, ...words]) ?? ''
    put(place, random.chance(0.5) ? found : `${value}${found}`)
  },
  (place) => put(place, [valueAt(place)]),
  (place, random) => {
    const value = valueAt(place)
    if (!Array.isArray(value)) return
    for (let left = random.below(20); left > 0; left -= 1) value.push(structuredClone(value[0]))
  },
]

/** A JSON text with a few random changes; text that is not JSON is changed like bytes. */
export function mutateJson(
  input: Buffer,
  random: Random,
  words: readonly string[],
  other: Buffer,
): Buffer {
  try {
    const value: unknown = { root: JSON.parse(input.toString()) }
    const donor: unknown = JSON.parse(other.toString())
    for (let left = 1 + random.below(random.chance(0.6) ? 2 : 6); left > 0; left -= 1) {
      const places = placesIn(value)
      const place = random.pick(places)
      if (places.length >= MAX_PLACES || place === undefined) break
      random.pick(CHANGES)?.(place, random, words, donor)
    }
    const [root] = Object.values(Object(value))
    const changed = Buffer.from(random.chance(0.02) ? nested(root, random) : text(root))
    return changed.length > MAX_JSON_BYTES ? input : changed
  } catch {
    return mutateBytes(input, random, words, other)
  }
}

/** As deep as allowed, but small enough to leave time for other inputs. */
const MAX_JSON_BYTES = 64 * 1024

const text = (value: unknown): string => JSON.stringify(value) ?? 'null'

/** Wraps one value in many lists or objects. */
function nested(value: unknown, random: Random): string {
  const place = random.pick(placesIn({ value }))
  if (place === undefined) return text(value)
  const inner = text(valueAt(place))
  put(place, HOLE)
  const depth = random.pick(DEPTHS) ?? 1
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"a":', '}']
  return text(value).replace(`"${HOLE}"`, () => open.repeat(depth) + inner + close.repeat(depth))
}

const HOLE = 'a hole to be filled'
