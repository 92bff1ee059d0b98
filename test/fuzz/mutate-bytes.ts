import type { Random } from '../../testing/routes/random.ts'

const MAX_BYTES = 16 * 1024

type Mutation = (input: Buffer, random: Random, words: readonly string[], other: Buffer) => Buffer

const NUMBERS = ['0', '-1', '1', '255', '256', '65535', '65536', '2147483648', '4294967295']
const ODD_BYTES = [0x00, 0x0a, 0x0d, 0x20, 0x2c, 0x2e, 0x2f, 0x3a, 0x3b, 0x5c, 0x7f, 0x80, 0xc0]

/** Replaces the bytes from `start` to `end` with a piece. */
const spliced = (input: Buffer, start: number, end: number, piece: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, start), piece, input.subarray(end)])

/** Bounds of a part, usually a short one. */
function part(input: Buffer, random: Random): readonly [start: number, end: number] {
  const start = random.below(input.length + 1)
  const longest = random.chance(0.8) ? 16 : input.length
  return [start, Math.min(input.length, start + random.below(longest + 1))]
}

const MUTATIONS: readonly Mutation[] = [
  (input, random) => {
    const [start] = part(input, random)
    const bit = (input[start] ?? 0) ^ (1 << random.below(8))
    return spliced(input, start, start + 1, Buffer.of(bit))
  },
  (input, random) => {
    const [start] = part(input, random)
    const odd = random.chance(0.5) ? random.below(256) : (random.pick(ODD_BYTES) ?? 0)
    return spliced(input, start, start + random.below(2), Buffer.of(odd))
  },
  (input, random) => spliced(input, ...part(input, random), Buffer.of()),
  (input, random) => {
    const piece = input.subarray(...part(input, random))
    const [start] = part(input, random)
    return spliced(input, start, start, piece)
  },
  (input, random) => {
    const [start, end] = part(input, random)
    const times = random.chance(0.9) ? random.below(8) : random.below(1_000)
    return repeated(input, start, end, times)
  },
  (input, random, words) => {
    const [start, end] = part(input, random)
    const word = Buffer.from(random.pick(words) ?? '')
    return spliced(input, start, random.chance(0.5) ? start : end, word)
  },
  (input, random, _words, other) => {
    const [start, end] = part(input, random)
    return spliced(input, start, end, other.subarray(...part(other, random)))
  },
  (input, random, _words, other) =>
    Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]),
  (input, random) => {
    const text = input.toString('latin1')
    const all = [...text.matchAll(/\d+/g)]
    const found = random.pick(all)
    if (found === undefined) return input
    const number = random.chance(0.5) ? String(random.below(1_000)) : (random.pick(NUMBERS) ?? '')
    return spliced(input, found.index, found.index + found[0].length, Buffer.from(number))
  },
]

/** The input with a few random changes; `other` is an input whose parts may be used. */
export function mutateBytes(
  input: Buffer,
  random: Random,
  words: readonly string[],
  other: Buffer,
): Buffer {
  let changed = input
  for (let left = 1 + random.below(random.chance(0.5) ? 2 : 8); left > 0; left -= 1) {
    changed = (random.pick(MUTATIONS) ?? ((same) => same))(changed, random, words, other)
  }
  return changed.subarray(0, MAX_BYTES)
}

/** The input with the bytes from `start` to `end` repeated. */
function repeated(input: Buffer, start: number, end: number, times: number): Buffer {
  const piece = input.subarray(start, end)
  const most = Math.min(times, Math.floor(MAX_GROWN_BYTES / Math.max(1, piece.length)))
  return spliced(input, end, end, Buffer.concat(Array.from({ length: most }, () => piece)))
}

const MAX_GROWN_BYTES = 1024 * 1024
