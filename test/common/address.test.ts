import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { canonicalAddress } from '../../src/common/address.ts'

describe('an address', () => {
  it.each([
    ['is kept in dotted decimal', '10.0.0.1', '10.0.0.1'],
    ['that is IPv4-mapped is the IPv4 address', '::ffff:10.0.0.1', '10.0.0.1'],
    ['that is IPv4-mapped may be all hex', '::FFFF:a00:1', '10.0.0.1'],
    ['that is IPv4-mapped may be written in full', '0:0:0:0:0:ffff:0a00:0001', '10.0.0.1'],
    ['of IPv6 is written in full', '2001:db8::1', '2001:db8:0:0:0:0:0:1'],
    ['of IPv6 loses capitals and zeros', '2001:0DB8:0:0::0001', '2001:db8:0:0:0:0:0:1'],
    ['of IPv6 may end in dotted decimal', '64:ff9b::10.0.0.1', '64:ff9b:0:0:0:0:a00:1'],
    ['that is IPv4-compatible is not the IPv4 address', '::10.0.0.1', '0:0:0:0:0:0:a00:1'],
    ['may be all zeros', '::', '0:0:0:0:0:0:0:0'],
    ['may omit one group', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s: %s is %s', (_title, text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  it.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '0x0a.0.0.1',
    '167772161',
    '10.0.0.1:80',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '[::1]',
    'fe80::1%eth0',
    ':::',
    '::1::',
    '1.2.3.4::',
    '1.2.3.4::1',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1:2:3:4:5:6:7:8',
    '::ffff:10.0.0.256',
    `${'0'.repeat(1_000_000)}::`,
  ])('is not %j', (text) => {
    expect(canonicalAddress(text)).toBeUndefined()
  })

  it('is accepted exactly if Node accepts it', () => {
    const mutated = fc
      .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(20), fc.constantFrom('', ':', '.', '0', 'g'))
      .map(([text, at, change]) => text.slice(0, at) + change + text.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), mutated), (text) => {
        expect(canonicalAddress(text) !== undefined).toBe(isIPv4(text) || isIPv6(text))
      }),
      { numRuns: 1_000 },
    )
  })

  it('is equal in every spelling, and differs from every other address', () => {
    const groups = fc.array(fc.constantFrom(0, 0, 1, 0xa, 0xffff), { minLength: 8, maxLength: 8 })
    const spelling = fc.record({ upper: fc.boolean(), width: fc.constantFrom(1, 4), at: fc.nat(7) })
    fc.assert(
      fc.property(groups, groups, spelling, spelling, (one, other, first, second) => {
        const same = one.every((group, index) => group === other[index])
        expect(canonicalAddress(spelt(one, first)) === canonicalAddress(spelt(other, second))).toBe(
          same,
        )
        expect(canonicalAddress(spelt(one, second))).toBe(canonicalAddress(spelt(one, first)))
      }),
      { numRuns: 500 },
    )
  })
})

/** Writes eight groups, omitting the run of zeros that starts at `at`, if there is one. */
function spelt(
  groups: readonly number[],
  { upper, width, at }: { upper: boolean; width: number; at: number },
): string {
  const texts = groups.map((group) => group.toString(16).padStart(width, '0'))
  const end = groups.findIndex((group, index) => index >= at && group !== 0)
  const zeros = (end < 0 ? groups.length : end) - at
  const text =
    zeros > 0
      ? `${texts.slice(0, at).join(':')}::${texts.slice(at + zeros).join(':')}`
      : texts.join(':')
  return upper ? text.toUpperCase() : text
}

it('a text that is longer than any address is not split', () => {
  const split = vi.spyOn(String.prototype, 'split')
  const found = canonicalAddress(`${':0'.repeat(1_000)}`)
  const { length } = split.mock.calls
  split.mockRestore()
  expect([found, length]).toEqual([undefined, 0])
})
