// Canonical IP addresses.

/**
 * Canonicalizes an IP address, so that equal addresses are equal texts: dotted decimal for IPv4 and
 * IPv4-mapped IPv6, otherwise eight groups of lower-case hex. `undefined`: not an address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text
  if (!text.includes(':') || text.length > MAX_ADDRESS_LENGTH) return undefined
  const groups = ipv6Groups(text)
  if (groups === undefined) return undefined
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (!mapped) return groups.map((group) => group.toString(16)).join(':')
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** An IPv4-mapped address with all digits. */
export const MAX_ADDRESS_LENGTH = 45

// No leading zeros: some parsers read them as octal.
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const GROUP = /^[0-9a-f]{1,4}$/i

/** The eight groups of an IPv6 address (RFC 4291 section 2.2); `undefined`: not an address. */
function ipv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsIn(half, index === halves.length - 1))
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === 8 ? head : undefined
  if (tail === undefined || head.length + tail.length > 7) return undefined
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

/** Only the last two groups may be dotted decimal. */
function groupsIn(half: string, last: boolean): readonly number[] | undefined {
  if (half === '') return []
  const parts = half.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && IPV4.test(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
      groups.push(a * 256 + b, c * 256 + d)
    } else if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return groups
}
