import { posix } from 'node:path'
import {
  hasPrefix,
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  pathOf,
  plainLead,
} from '../../../src/common/path.ts'
import { must, type Target } from '../target.ts'

/** The same as the regular expression of `isCanonicalPath`, implemented differently. */
function isCanonicalAgain(path: string): boolean {
  if (!path.startsWith('/') || path.length > 8_192) return false
  if (path === '/') return true
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  return segments.every(
    (segment) =>
      segment !== '' &&
      segment !== '.' &&
      segment !== '..' &&
      Array.from(segment).every((each) => PLAIN.includes(each)),
  )
}

const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~!$&'()*+=:@-"

const decoded = (path: string): string =>
  path.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
const decodedSlashes = (path: string): string =>
  path.replaceAll(/%(?:2f|5c|2e|3b)/gi, (each) => decoded(each))
const withSlashes = (path: string): string => path.replaceAll('\\', '/')
const withoutParameters = (path: string): string => path.replaceAll(/;[^/]*/g, '')

/** Servers read a path in one of these ways, and then remove dot segments. */
const READINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  withSlashes,
  withoutParameters,
  decoded,
  decodedSlashes,
  (path) => decoded(decoded(path)),
  (path) => withoutParameters(decoded(path)),
  (path) => decoded(withoutParameters(path)),
  (path) => withSlashes(withoutParameters(decoded(path))),
]
const READERS = READINGS.flatMap((read) => [
  (path: string) => posix.normalize(read(path)),
  (path: string) => posix.normalize(read(path).replaceAll(/\/+/g, '/')),
])

const firstTwo = (path: string): string => path.split('/', 3).join('/')

export const path: Target = {
  name: 'path',
  form: 'bytes',
  words: [
    '/',
    '//',
    '/.',
    '/..',
    '%2f',
    '%5C',
    '%2e%2E',
    '%25',
    '%c0%ae',
    ';',
    '\\',
    '?',
    '#',
    'publishers',
  ],
  run: (input) => {
    const target = input.toString('latin1')
    const path = pathOf(target)
    must(path === target.split('?', 1)[0], 'pathOf')
    const canonical = isCanonicalPath(path)
    must(canonical === isCanonicalAgain(path), 'two readings of a canonical path differ')
    if (canonical)
      for (const read of READERS) must(read(path) === path, 'is canonical in one reading only')
    if (canonical)
      must(new URL(path, 'http://a').pathname === path, 'is canonical, but not for URL')
    if (path.startsWith('/') && !/[^\x21-\x7e]/.test(path)) leads(path)
  },
}

function leads(path: string) {
  const leading = leadingPaths(path, 3)
  must(leading.length <= 4, 'has too many leading paths')
  must(
    leading.every((each) => path.startsWith(each)),
    'has a wrong leading path',
  )
  const lead = plainLead(path)
  must(path.startsWith(lead), 'has a wrong lead')
  // A whole path has a limit, which a lead does not have.
  const isPlain = lead
    .split('/')
    .slice(1)
    .every((each) => isCanonicalAgain(`/${each}`))
  must(isPlain, 'has a lead that is not canonical')
  if (!leadsPlainly(path)) return
  for (const read of READERS)
    must(firstTwo(read(path)) === firstTwo(path), 'leads elsewhere in one reading')
  must(hasPrefix(path, firstTwo(path)), 'has no lead')
}
