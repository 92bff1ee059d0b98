import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { credentialSources, readCredential } from '../../src/access/credential.ts'
import { withoutCookie } from '../../src/common/cookies.ts'

const PIECES = ['session', 'session=', '; session=a', '=', ';', ' ', 'x', '"', '\t', '\u00a0', ',']

describe('a Cookie header without one cookie', () => {
  it.each([
    ['the first', 'session=abc; a=b; c=d', 'a=b; c=d'],
    ['the last', 'a=b; session=abc', 'a=b'],
    ['the only cookie', 'session=abc', ''],
    ['each cookie of its name', 'session=abc; a=b; session=def', 'a=b'],
    ['a cookie without a value', 'a=b; session', 'a=b'],
    ['a cookie with spaces around it', 'a=b ;  session = abc ; c=d', 'a=b; c=d'],
    ['a cookie with equals signs', 'session=abc==; a=b==', 'a=b=='],
    ['none', 'a=b; c=d', 'a=b; c=d'],
    [
      'no cookie with a longer name',
      'xsession=abc; sessionx=abc; session-id=a',
      'xsession=abc; sessionx=abc; session-id=a',
    ],
    ['no cookie with another letter case', 'Session=abc', 'Session=abc'],
    ['no cookie with that value', 'a=session', 'a=session'],
    ['empty ones', ';; session=abc;;', ''],
  ])('loses %s', (_title, cookie, rest) => {
    expect(withoutCookie(cookie, ['session'])).toBe(rest)
  })

  it.each([
    ['a=1,session=x', 'a=1'],
    ['session=x,b=2; c=3', 'b=2; c=3'],
    ['a=1; session="x" ;b=2', 'a=1; b=2'],
    ['a={"b":1,"c":2},session=x', 'a={"b":1,"c":2}'],
  ])('of several lines, which Envoy joins with a comma, is removed: %s', (cookie, rest) => {
    expect(withoutCookie(cookie, ['session'])).toBe(rest)
  })

  it('may lose several cookies', () => {
    expect(withoutCookie('a=1; b=2; c=3', ['a', 'c'])).toBe('b=2')
  })

  it('has no credential any more, whatever it contained', () => {
    const place = { kind: 'cookie', name: 'session' } as const
    const sources = credentialSources([], [{ place, prefix: '' }])
    const piece = fc.constantFrom(...PIECES)
    let shown = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const cookie = pieces.join('')
        const read = (text: string) => readCredential(new Map([['cookie', text]]), sources).kind
        if (read(cookie) !== 'none') shown += 1
        expect(read(withoutCookie(cookie, ['session']))).toBe('none')
      }),
      { numRuns: 2_000 },
    )
    expect(shown).toBeGreaterThan(20)
  })
})
