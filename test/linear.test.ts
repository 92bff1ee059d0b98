import { describe, expect, it } from 'vitest'
import { credentialSources, readCredential } from '../src/access/credential.ts'
import { allow } from '../src/access/decision.ts'
import { peerOf } from '../src/access/mesh-peer.ts'
import { readPrincipal } from '../src/access/principal.ts'
import { canonicalAddress } from '../src/common/address.ts'
import { MAX_COOKIES, walkCookies, withoutCookie } from '../src/common/cookies.ts'
import { canonicalHost } from '../src/common/host.ts'
import {
  hasPrefix,
  isCanonicalPath,
  leadingPaths,
  leadsPlainly,
  MAX_ROUTE_SEGMENTS,
  pathOf,
} from '../src/common/path.ts'
import { dialectOf } from '../src/envoy/dialect.ts'
import { createEncode } from '../src/envoy/encode.ts'
import { prefersHtml } from '../src/envoy/prefers-html.ts'
import { decodeCheckRequest, encodeCheckRequest } from '../src/envoy/protocol.ts'
import { readCheckRequest } from '../src/envoy/read-request.ts'
import { toAscii } from '../src/observability/line-writer.ts'
import { decodeToken, looksLikeJwt } from '../src/tokens/decode-token.ts'
import { aCaller } from '../testing/builders.ts'
import { aCheck } from '../testing/envoy/check-client.ts'

const SOURCES = credentialSources(
  ['authorization', 'x-api-key', 'api-key'],
  ['session', 'a', 'b'].map((name) => ({ place: { kind: 'cookie', name }, prefix: '' })),
  { subprotocols: [{ prefix: 'a', base64url: false }] },
)

const encode = createEncode({
  headers: {
    user: 'x-user',
    groups: 'x-groups',
    groupsJson: 'x-groups-json',
    credential: 'x-credential',
    claims: { 'x-email': 'email' },
  },
  realm: 'a',
})
const NOTHING_ASKED = {
  dialect: 'plain',
  underscored: [],
  cookie: undefined,
  service: undefined,
  caller: undefined,
} as const

const credentialIn = (name: string) => (text: string) =>
  readCredential(new Map([[name, text]]), SOURCES)

const request = (http: Parameters<typeof aCheck>[0]) =>
  readCheckRequest(decodeCheckRequest(encodeCheckRequest(aCheck(http))), 'gateway')

/** Every reader of a text that a client or a workload chooses. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'readCredential of authorization': credentialIn('authorization'),
  'readCredential of x-api-key': credentialIn('x-api-key'),
  'readCredential of cookies': credentialIn('cookie'),
  'readCredential of subprotocols': credentialIn('sec-websocket-protocol'),
  'encode of a user': (user) => encode(allow(aCaller({ user, groups: [user] })), NOTHING_ASKED),
  'encode of a claim': (email) => encode(allow(aCaller({ claims: { email } })), NOTHING_ASKED),
  withoutCookie: (text) => withoutCookie(text, ['session', 'a']),
  canonicalHost,
  canonicalAddress,
  readPrincipal,
  peerOf: (principal) => peerOf({ source: { principal } } as Parameters<typeof peerOf>[0]),
  pathOf,
  isCanonicalPath,
  leadsPlainly,
  'leadsPlainly below a root': (text) => leadsPlainly(`/${text}`),
  leadingPaths: (text) => leadingPaths(text, MAX_ROUTE_SEGMENTS),
  hasPrefix: (text) => hasPrefix(text, text.slice(0, -1)),
  'dialectOf a path': (text) => dialectOf(text, '', false),
  'dialectOf a model': (text) => dialectOf(`/v1/models/${text}`, '', false),
  prefersHtml: (text) => prefersHtml(`text/html${text}`),
  'readCheckRequest of a path': (path) => request({ path }),
  'readCheckRequest of a host': (host) => request({ host }),
  'readCheckRequest of a method': (method) => request({ method }),
  'readCheckRequest of a header': (text) => request({ headers: { 'x-a': text, [text]: 'a' } }),
  decodeToken,
  looksLikeJwt,
  toAscii,
}

/** Units that, when repeated, have caused backtracking. */
const UNITS = [
  'a', 'session=a;', 'session=a; ', 'session=;', 'a=b;', '=', ';', ' ', '\t', ',', 'a,', 'bearer ', 'Bearer a',
  '/', '/a', '/.', '/..', '/%2e', '%2f..', '\\..', '%25', '.', 'a.', 'a-', '-', '_', ':', 'a:', '::', '0:', '1.',
  '[', ']', '@', 'eyJ.', 'AAAA', 'AA', '.A', '\u00e9', '\u2028', '"', 'spiffe://', '/ns/a', '/sa/a', 'A', '?', '#',
  '%3A', '/v1/models', '/messages',
] // biome-ignore format: a list

const SHORT = 8_192
const FACTOR = 8
/** A quadratic reader needs at least half more than this. */
const MOST = FACTOR * 5
/** In milliseconds: smaller values are noise. */
const LEAST = 0.5

const filled = (unit: string, length: number, end: string) =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length) + end

/** In milliseconds. */
function costOf(read: (text: string) => unknown, text: string): number {
  const begun = performance.now()
  read(text)
  return performance.now() - begun
}

/** A busy machine slows some runs, but not the fastest of many. */
const ROUNDS = 200

/** How much more a longer text costs; 0 if it costs as little as for a linear reader. */
function excessOf(read: (text: string) => unknown, unit: string, end: string): number {
  const texts = [SHORT, SHORT * FACTOR].map((length) => filled(unit, length, end))
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, text] of texts.entries())
      least[index] = Math.min(least[index] ?? 0, costOf(read, text))
    const [short = 0, long = 0] = least
    if (long < LEAST || (round > 0 && long < MOST * Math.max(short, LEAST / FACTOR))) return 0
  }
  const [short = 0, long = 0] = least
  return long / short
}

describe('the time of a reader', () => {
  it.each(Object.keys(READERS))('%s grows linearly with the length of a text', (name) => {
    const read = READERS[name] ?? (() => {})
    const faults = UNITS.flatMap((unit) =>
      ['', '!', '\n'].flatMap((end) => {
        const excess = excessOf(read, unit, end)
        return excess === 0 ? [] : [`${unit} ${end}: ${excess}`]
      }),
    )
    expect(faults).toEqual([])
  })
})

describe('cookies', () => {
  const visitsOf = (header: string, most = Number.POSITIVE_INFINITY) => {
    let visits = 0
    const whole = walkCookies(header, () => {
      visits += 1
      return visits < most
    })
    return { visits, whole }
  }

  it('are scanned once', () => {
    for (const count of [1, 2, 64, MAX_COOKIES]) {
      expect(visitsOf('session=a;'.repeat(count))).toEqual({ visits: count, whole: true })
    }
  })

  it('are no longer scanned when nothing more can be found', () => {
    expect(visitsOf('a=b;'.repeat(100), 2)).toEqual({ visits: 2, whole: true })
  })

  it('beyond a number, and in a header beyond a length, are not read', () => {
    expect(visitsOf('a=b;'.repeat(10_000))).toEqual({ visits: MAX_COOKIES, whole: false })
    expect(visitsOf(`a=${'b'.repeat(65_535)}`)).toEqual({ visits: 0, whole: false })
  })
})
