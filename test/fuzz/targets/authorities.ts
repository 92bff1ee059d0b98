import { isIPv4, isIPv6 } from 'node:net'
import { readPrincipal } from '../../../src/access/principal.ts'
import { canonicalAddress } from '../../../src/common/address.ts'
import { canonicalHost, readAuthority } from '../../../src/common/host.ts'
import { isSecureUrl } from '../../../src/common/secure-url.ts'
import { must, type Target } from '../target.ts'

export const authority: Target = {
  name: 'authority',
  form: 'bytes',
  words: [
    '.',
    ':',
    ',',
    '@',
    '[::1]',
    ':80',
    ':65536',
    '[',
    ']',
    'xn--',
    '%',
    '_',
    '-',
    'https://',
  ],
  run: (input) => {
    const text = input.toString('latin1')
    const read = readAuthority(text)
    isSecureUrl(text)
    if (read === undefined) return
    const { host, absolute, port } = read
    must(canonicalHost(host) === host, 'is another host when read again')
    must(host.length <= 255, 'is too long')
    must(port === undefined || port <= 65_535, 'has an impossible port')
    const written = `${host}${absolute ? '.' : ''}`
    must(text.toLowerCase().startsWith(written), 'is another host than the written one')
    // Numbers are addresses in some readings, and so are not compared here.
    const { hostname } = URL.parse(`http://${text}/`) ?? {}
    if (hostname === undefined || host.startsWith('[') || /^[\d.]+$/.test(hostname)) return
    must(hostname === written, 'is another host to URL')
  },
}

export const address: Target = {
  name: 'address',
  form: 'bytes',
  words: [
    ':',
    '::',
    '.',
    '::ffff:',
    '127.0.0.1',
    'ffff',
    '0',
    '00',
    '%eth0',
    '/',
    'spiffe://',
    '/ns/',
    '/sa/',
  ],
  run: (input) => {
    const text = input.toString('latin1')
    const principal = readPrincipal(text)
    if (principal !== undefined) {
      const { trustDomain, namespace, serviceAccount } = principal
      const written = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
      must(written === text, 'is another principal than the written one')
    }
    const found = canonicalAddress(text)
    must((found !== undefined) === isAddress(text), 'is an address in one reading only')
    if (found === undefined) return
    must(canonicalAddress(found) === found, 'is another address when read again')
    if (isIPv6(text)) must(sixOf(found) === sixOf(text), 'is another address to URL')
  },
}

/** A zone is meaningful on one machine only. */
const isAddress = (text: string): boolean => isIPv4(text) || (isIPv6(text) && !text.includes('%'))

/** In the shortest form of IPv6. */
const sixOf = (text: string): string | undefined =>
  URL.parse(`http://[${isIPv4(text) ? `::ffff:${text}` : text}]/`)?.hostname
