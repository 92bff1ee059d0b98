import { credentialSources, readCredential } from '../../../src/access/credential.ts'
import { withoutCookie } from '../../../src/common/cookies.ts'
import { isPlainConnection } from '../../../src/envoy/connection-header.ts'
import { jsonIn, must, type Target } from '../target.ts'

const COOKIE = 'session'
const SOURCES = credentialSources(
  ['authorization', 'x-api-key'],
  [
    { place: { kind: 'cookie', name: COOKIE }, prefix: '' },
    { place: { kind: 'header', name: 'x-token' }, prefix: 'Token ' },
  ],
)

/** The values of the cookie, by another implementation. */
const cookiesIn = (header: string): readonly string[] =>
  [...header.matchAll(/(?:^|;)([^;]*)/g)]
    .flatMap(([, pairs = '']) => apart(pairs.split(',')))
    .filter((pair) => pair.includes('=') && pair.slice(0, pair.indexOf('=')).trim() === COOKIE)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .map((value) => /^"(.*)"$/s.exec(value)?.[1] ?? value)
    .filter((value) => value !== '')

/** The text after a comma is a separate cookie if it has a name, and otherwise continues the value. */
function apart(pieces: readonly string[]): readonly string[] {
  const pairs: string[] = []
  for (const piece of pieces) {
    const isNamed = /^[\t ]*[!#-'*+.0-9A-Z^-z|~-]+=/.test(piece)
    if (pairs.length === 0 || isNamed) pairs.push(piece)
    else pairs.push(`${pairs.pop()},${piece}`)
  }
  return pairs
}

/** Names and values in order; a text instead of the object is a Cookie header. */
export const headers: Target = {
  name: 'headers',
  form: 'json',
  words: [
    'authorization',
    'x-api-key',
    'x-token',
    'cookie',
    'Bearer ',
    'bearer',
    'Token ',
    'session=',
    ';',
    ',',
    '=',
    'a',
    'close',
    'upgrade',
    'connection',
  ],
  run: (input) => {
    const headers = headersIn(jsonIn(input))
    const credential = readCredential(headers, SOURCES)
    const cookie = headers.get('cookie') ?? ''
    const left = withoutCookie(cookie, [COOKIE])
    must(cookiesIn(left).length === 0, 'keeps a cookie that must be removed')
    must(left.length <= cookie.length * 2, 'becomes longer')
    const connection = headers.get('connection')
    if (isPlainConnection(connection))
      must(!/cookie|auth/i.test(connection ?? ''), 'hides a header')
    if (credential.kind === 'none') must(cookiesIn(cookie).length === 0, 'overlooks a cookie')
    if (credential.kind !== 'presented') return
    const { value, places } = credential
    const longest = value.split('.').length === 3 ? 32_768 : 8_192
    must(/^[\x21-\x7e]+$/.test(value) && value.length <= longest, 'is an impossible credential')
    for (const { kind, name } of places) {
      const text = headers.get(kind === 'cookie' ? 'cookie' : name) ?? ''
      must(text.includes(value), 'is a credential that was not sent')
    }
    const others = new Set(cookiesIn(cookie).filter((each) => each !== value))
    must(others.size === 0, 'accepts one of two credentials')
  },
}

function headersIn(value: unknown): ReadonlyMap<string, string> {
  if (typeof value === 'string') return new Map([['cookie', value]])
  const entries = Object.entries(Object(value))
  return new Map(
    entries.flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : [])),
  )
}
