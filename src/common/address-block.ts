// Blocks of IP addresses (CIDR).

import { canonicalAddress } from './address.ts'

/** Whether a block contains an address; also `false` if one of them cannot be read. */
export function isWithin(address: string, block: string): boolean {
  const [network = '', length = ''] = block.split('/')
  const [one, other] = [bitsOf(address), bitsOf(network)]
  if (one === undefined || other === undefined || one.length !== other.length) return false
  const count = Number(length)
  return /^\d{1,3}$/.test(length) && count <= one.length && one.startsWith(other.slice(0, count))
}

/** 32 or 128 binary digits. */
function bitsOf(address: string): string | undefined {
  const canonical = canonicalAddress(address)
  if (canonical === undefined) return undefined
  return canonical.includes(':')
    ? digitsOf(
        canonical.split(':').map((group) => Number.parseInt(group, 16)),
        16,
      )
    : digitsOf(canonical.split('.').map(Number), 8)
}

const digitsOf = (parts: readonly number[], width: number): string =>
  parts.map((part) => part.toString(2).padStart(width, '0')).join('')
