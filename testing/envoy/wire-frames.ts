/** Writes CheckRequests field by field, as Envoy does, and then spoils some of them. */

import { bytesField, numberField, textField, varint } from './protobuf-writer.ts'

/** A number below `limit`. */
export type Dice = (limit: number) => number

/** The same numbers for the same seed: xorshift, Marsaglia 2003. */
export function diceOf(seed: number): Dice {
  let state = seed | 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

const NAMES = [
  'authorization',
  'x-api-key',
  'cookie',
  'connection',
  'content-type',
  'x-request-id',
  'x_user',
  'user-agent',
  'X-User',
  ':path',
  ':method',
  ':a_b',
  '__proto__',
  'constructor',
  '1',
  '',
  'caf\u00e9',
]
const VALUES = ['', 'Bearer abc', 'a,b', 'application/grpc', 'caf\u00e9', 'close', 'x'.repeat(200)]
const METHODS = ['GET', 'POST', '', 'B D']
const PATHS = ['/', '/v1/models/iris:predict?a=b', '', 'no', '/caf\u00e9']
const HOSTS = ['iris.example.com', 'IRIS.example.com.:80', '', '[::1]:80', 'a b']
const ADDRESSES = ['10.0.0.1', '::ffff:10.0.0.2', '', 'pipe']
const PRINCIPALS = ['', 'spiffe://cluster.local/ns/a/sa/b']

/** A CheckRequest of which one in `oddity` parts is not as Envoy writes it. */
export function aFrame(dice: Dice, oddity: number): Buffer {
  const odd = () => dice(oddity) === 0
  const one = (texts: readonly string[]) =>
    odd() ? (texts[dice(texts.length)] ?? '') : (texts[dice(Math.min(2, texts.length))] ?? '')
  const raw = () => Buffer.from(Array.from({ length: dice(12) }, () => dice(256)))
  const noise = (): readonly Buffer[] => {
    if (!odd()) return []
    const field = 1 + dice(20)
    const kinds = [
      () => bytesField(field, raw()),
      () => numberField(field, dice(2) === 0 ? dice(300) : dice(2 ** 31) * 2 ** dice(20)),
      () => Buffer.concat([varint((field << 3) | 5), raw()]),
      () => Buffer.concat([varint((field << 3) | 1), raw()]),
      () => Buffer.concat([varint((field << 3) | 3), varint((field << 3) | 4)]),
      raw,
    ]
    return [(kinds[dice(kinds.length)] ?? raw)()]
  }
  const part = (make: () => Buffer): readonly Buffer[] => {
    if (odd()) return []
    return odd() ? [make(), ...noise(), make()] : [...noise(), make()]
  }
  const message = (...parts: readonly (readonly Buffer[])[]): Buffer => {
    const fields = parts.flat()
    if (odd()) fields.reverse()
    return Buffer.concat(fields)
  }
  const header = (): Buffer =>
    bytesField(
      3,
      message(
        part(() => textField(1, odd() ? one(NAMES) : (NAMES[dice(8)] ?? ''))),
        part(() => textField(2, one(VALUES))),
      ),
    )
  const headers = Array.from({ length: dice(12) }, () => [header()])
  const http = () =>
    message(
      part(() => textField(1, '6175360493306380109')),
      part(() => textField(2, one(METHODS))),
      ...headers,
      part(() => textField(4, one(PATHS))),
      part(() => textField(5, one(HOSTS))),
      part(() => textField(6, 'http')),
      part(() => numberField(9, dice(100))),
      part(() => textField(10, 'HTTP/1.1')),
      part(() => bytesField(11, raw())),
      odd() ? [bytesField(13, dice(2) === 0 ? Buffer.alloc(0) : raw())] : [],
    )
  const peer = () =>
    message(
      part(() =>
        bytesField(
          1,
          message(
            part(() =>
              bytesField(
                1,
                message(
                  part(() => textField(2, one(ADDRESSES))),
                  part(() => numberField(3, dice(65_536))),
                ),
              ),
            ),
          ),
        ),
      ),
      part(() => textField(4, one(PRINCIPALS))),
    )
  const attributes = () =>
    message(
      part(() => bytesField(1, peer())),
      part(() => bytesField(2, peer())),
      part(() =>
        bytesField(
          4,
          message(
            part(() => bytesField(1, numberField(1, 1_795_302_693))),
            part(() => bytesField(2, http())),
          ),
        ),
      ),
      odd() ? [bytesField(10, message([textField(1, 'service'), textField(2, one(HOSTS))]))] : [],
      part(() => bytesField(11, Buffer.alloc(0))),
      part(() => bytesField(13, odd() ? raw() : Buffer.alloc(0))),
    )
  return message(part(() => bytesField(1, attributes())))
}

/** The same bytes with a few of them changed, left out, repeated, or without their end. */
export function spoilt(bytes: Buffer, dice: Dice): Buffer {
  let result = Buffer.from(bytes)
  for (let count = dice(4); count > 0 && result.length > 0; count -= 1) {
    const at = dice(result.length)
    const length = 1 + dice(8)
    const [before, after] = [result.subarray(0, at), result.subarray(at)]
    const changes = [
      () => Buffer.concat([before, Buffer.from([dice(256)]), after.subarray(1)]),
      () => Buffer.concat([before, after.subarray(length)]),
      () => Buffer.concat([before, after.subarray(0, length), after]),
      () => Buffer.concat([before, Buffer.from([dice(256)]), after]),
      () => before,
    ]
    result = Buffer.from((changes[dice(changes.length)] ?? changes[0])?.() ?? before)
  }
  return result
}
