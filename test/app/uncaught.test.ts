import fc from 'fast-check'
import { expect, it } from 'vitest'
import { placeOf } from '../../src/app/uncaught.ts'

it('an error is reported by its kind and place', () => {
  expect(placeOf(new TypeError('x is not a function'))).toMatch(
    /^TypeError at .*uncaught\.test\.ts:\d+:\d+\)?/,
  )
})

it.each(['a-secret', 'unreadable:\n  1 | key: a-secret\n      ^', 'x\n    at a-secret (b.ts:1:1)'])(
  'no part of its message %j is reported',
  (message) => {
    expect(placeOf(new Error(message))).not.toContain('secret')
  },
)

it('reporting never throws, whatever is thrown', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (thrown, message) => {
      expect(placeOf(thrown)).not.toContain('\n')
      expect(placeOf(Object.assign(new Error(message), { stack: message }))).toBe('Error')
    }),
  )
})

it.each(['', 'y', 'a'])('a message that was changed to %j is not reported', (message) => {
  const fault = new Error('x\n    at a-secret (b.ts:1:1)')
  // The stack is built only now.
  expect(fault.stack).toContain('a-secret')
  fault.message = message
  expect(placeOf(fault)).toBe('Error')
})

it('an error without a message is reported by its place, too', () => {
  expect(placeOf(new Error())).toMatch(/^Error at .*uncaught\.test\.ts/)
})

it('a secret thrown as a value is not reported', () => {
  expect(placeOf('a-secret')).toBe('string')
})

it('a fault is told by three places at most', () => {
  const fail = (depth: number): Error => (depth === 0 ? new Error('x') : fail(depth - 1))
  expect(placeOf(fail(8)).match(/ at /g)).toHaveLength(3)
})
