import { expect, it } from 'vitest'
import { isWithin } from '../../src/common/address-block.ts'

it.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['10.1.2.3', '10.1.2.3/32', true],
  ['10.1.2.4', '10.1.2.3/32', false],
  ['10.1.2.129', '10.1.2.128/25', true],
  ['10.1.2.127', '10.1.2.128/25', false],
  ['192.0.2.1', '0.0.0.0/0', true],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['2001:db8::1', '::/0', true],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['10.1.2.3', '::/0', false],
  ['10.1.2.3', '10.0.0.0/33', false],
  ['10.1.2.3', '10.0.0.0/', false],
  ['10.1.2.3', '10.0.0.0', false],
  ['name', '0.0.0.0/0', false],
])('whether %s is within %s: %s', (address, block, expected) => {
  expect(isWithin(address, block)).toBe(expected)
})
