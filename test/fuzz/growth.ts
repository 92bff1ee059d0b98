import type { Random } from '../../testing/routes/random.ts'
import { placesIn, put, valueAt } from './json-places.ts'
import type { Target } from './target.ts'

/**
 * An input with a part that is repeated. `{i}` is replaced by the number of each repetition. One character is one
 * byte.
 */
export type Growth = { readonly before: string; readonly repeated: string; readonly after: string }

export const grown = ({ before, repeated, after }: Growth, times: number): Buffer => {
  const parts = Array.from({ length: times }, (_none, index) =>
    repeated.replaceAll('{i}', String(index)),
  )
  return Buffer.from(before + parts.join('') + after, 'latin1')
}

/** A growth of an input by one of its parts. */
export function growthOf({ form }: Pick<Target, 'form'>, input: Buffer, random: Random): Growth {
  return (form === 'json' ? growthOfJson(input, random) : undefined) ?? growthOfText(input, random)
}

/** The part usually ends where its first byte occurs again, so that it can follow itself. */
function growthOfText(input: Buffer, random: Random): Growth {
  const text = input.toString('latin1')
  const start = random.below(text.length)
  const next = text.indexOf(text.charAt(start), start + 1)
  const end = next > 0 && random.chance(0.7) ? next : start + 1 + random.below(16)
  return { before: text.slice(0, end), repeated: text.slice(start, end), after: text.slice(end) }
}

/** Repeats an entry of an object or list, or a part of a text. */
function growthOfJson(input: Buffer, random: Random): Growth | undefined {
  try {
    const root: unknown = JSON.parse(input.toString())
    const place = random.pick(placesIn(root))
    if (place === undefined) return undefined
    const one = valueAt(place)
    if (typeof one === 'string' && random.chance(0.7)) {
      const { before, repeated, after } = growthOfText(Buffer.from(one), random)
      put(place, before + HOLE + after)
      return around(root, HOLE, textOf(repeated).slice(1, -1))
    }
    const varied = random.chance(0.5)
    const entry = varied ? textOf(one).replaceAll(/[a-z](?=")/g, '$&{i}') : textOf(one)
    const { holder, key } = place
    if (Array.isArray(holder)) holder.push(HOLE)
    else put({ holder, key: HOLE }, 0)
    return Array.isArray(holder)
      ? around(root, `,"${HOLE}"`, `,${entry}`)
      : around(root, `,"${HOLE}":0`, `,${textOf(`${key}{i}`)}:${entry}`)
  } catch {
    return undefined
  }
}

const HOLE = 'a hole to be filled'

function around(root: unknown, hole: string, repeated: string): Growth | undefined {
  const [before, after] = textOf(root).split(hole)
  if (before === undefined || after === undefined) return undefined
  return { before: bytesOf(before), repeated: bytesOf(repeated), after: bytesOf(after) }
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? 'null'

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1')
