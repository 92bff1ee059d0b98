import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalHost } from '../../src/common/host.ts'

const LONGEST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`

describe('a host', () => {
  it.each([
    ['is itself', 'iris.example.com', 'iris.example.com'],
    ['is compared without case', 'IRIS.Example.COM', 'iris.example.com'],
    ['is compared without its port', 'iris.example.com:8080', 'iris.example.com'],
    ['is compared without a default port', 'iris.example.com:443', 'iris.example.com'],
    ['may have a port with zeros', 'iris.example.com:0080', 'iris.example.com'],
    ['loses one trailing dot', 'iris.example.com.', 'iris.example.com'],
    ['loses one trailing dot before a port', 'iris.example.com.:80', 'iris.example.com'],
    ['may be an IPv4 address', '10.0.0.1:8080', '10.0.0.1'],
    ['may be an IPv6 address in brackets', '[2001:DB8::1]:8080', '[2001:db8::1]'],
    ['may hold underscores and dashes', 'my_model-v1.team', 'my_model-v1.team'],
    ['may have 255 characters', LONGEST, LONGEST],
  ])('%s: %s', (_title, authority, host) => {
    expect(canonicalHost(authority)).toBe(host)
  })

  it.each([
    ['empty', ''],
    ['two hosts', 'iris.example.com,open.example.com'],
    ['two hosts with a space', 'iris.example.com, open.example.com'],
    ['with user information', 'open@iris.example.com'],
    ['with a path', 'iris.example.com/abc?x='],
    ['with a query', 'iris.example.com?x'],
    ['with a fragment', 'iris.example.com#x'],
    ['with a backslash', 'iris\\example.com'],
    ['with a space', 'iris.example.com '],
    ['with a tab', '\tiris.example.com'],
    ['with a line feed', 'iris.example.com\n'],
    ['with a NUL', 'iris.example.com\0'],
    ['percent-encoded', 'iris%2eexample.com'],
    ['not ASCII', 'ïris.example.com'],
    ['of non-ASCII digits in its port', 'iris.example.com:٨٠'],
    ['a wildcard', '*.example.com'],
    ['a star', '*'],
    ['with an empty label', 'iris..example.com'],
    ['with an empty first label', '.example.com'],
    ['with two trailing dots', 'iris.example.com..'],
    ['a port alone', ':8080'],
    ['with an empty port', 'iris.example.com:'],
    ['with a port in words', 'iris.example.com:http'],
    ['with a port too high', 'iris.example.com:65536'],
    ['with two ports', 'iris.example.com:80:80'],
    ['of IPv6 without brackets', '2001:db8::1'],
    ['of IPv6 without an end', '[2001:db8::1'],
    ['of IPv6 with a suffix', '[::1]x'],
    ['of IPv6 with a zone', '[fe80::1%25eth0]'],
    ['of 256 characters', `${LONGEST}e`],
    ['very long', 'a.'.repeat(500_000)],
  ])('%s is not clean', (_title, authority) => {
    expect(canonicalHost(authority)).toBeUndefined()
  })

  it('is normalized or refused, for any text', () => {
    const authority = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.domain(),
      fc
        .tuple(fc.domain(), fc.constantFrom(':80', '.', ',', '@', '/', '%', '\r\n'))
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(authority, (text) => {
        const host = canonicalHost(text)
        if (host === undefined) return
        expect(host).toMatch(/^[a-z0-9._:[\]-]{1,255}$/)
        expect(canonicalHost(host)).toBe(host)
        expect(canonicalHost(host.toUpperCase())).toBe(host)
      }),
      { numRuns: 1_000 },
    )
  })
})
