import fc from 'fast-check'
import { expect, it } from 'vitest'
import { placeOf } from '../../src/app/uncaught.ts'

it('a fault is told by its kind and place', () => {
  expect(placeOf(new TypeError('x is not a function'))).toMatch(
    /^TypeError at .*uncaught\.test\.ts:\d+:\d+\)?/,
  )
})

it.each(['a-secret', 'unreadable:\n  1 | key: a-secret\n      ^', 'x\n    at a-secret (b.ts:1:1)'])(
  'nothing of its message %j is told',
  (message) => {
    expect(placeOf(new Error(message))).not.toContain('secret')
  },
)

it('whatever is thrown, telling it does not throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (thrown, message) => {
      expect(placeOf(thrown)).not.toContain('\n')
      expect(placeOf(Object.assign(new Error(message), { stack: message }))).toBe('Error')
    }),
  )
})

it.each(['', 'y', 'a'])('nothing is told of a message that was changed to %j', (message) => {
  const fault = new Error('x\n    at a-secret (b.ts:1:1)')
  // Only now is it made.
  expect(fault.stack).toContain('a-secret')
  fault.message = message
  expect(placeOf(fault)).toBe('Error')
})

it('a fault without a message is told by its place, too', () => {
  expect(placeOf(new Error())).toMatch(/^Error at .*uncaught\.test\.ts/)
})

it('a secret that is thrown as it is, is not told', () => {
  expect(placeOf('a-secret')).toBe('string')
})

it('a fault is told by three places at most', () => {
  const fail = (depth: number): Error => (depth === 0 ? new Error('x') : fail(depth - 1))
  expect(placeOf(fail(8)).match(/ at /g)).toHaveLength(3)
})
