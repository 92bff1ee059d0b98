import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { credentialSources, readCredential } from '../../src/access/credential.ts'
import { aKeySecret, read, readKey } from '../../testing/objects.ts'

const SOURCES = credentialSources(['authorization', 'x-api-key'], [])
const inSecret = (key: string) => aKeySecret({ stringData: { api_key: key } })
const isRead = (name: string, text: string, key: string) => {
  const credential = readCredential(new Map([[name, text]]), SOURCES)
  return credential.kind === 'presented' && credential.value === key
}

describe('a key in clear text', () => {
  it('is accepted from its Secret exactly if a request can carry it', () => {
    const character = fc.oneof(
      { weight: 40, arbitrary: fc.string({ minLength: 1, maxLength: 1 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(',', ' ', '\t', '\n', 'é', '\u00a0', '\u007f', '🦊'),
      },
    )
    const key = fc.array(character, { minLength: 16, maxLength: 40 }).map((all) => all.join(''))
    fc.assert(
      fc.property(key, (text) => {
        const accepted = readKey(inSecret(text)) !== undefined
        expect(isRead('x-api-key', text, text)).toBe(accepted)
        expect(isRead('authorization', `Bearer ${text}`, text)).toBe(accepted)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is accepted up to the length of the longest credential of a request', () => {
    for (const [length, accepted] of [
      [8_192, true],
      [8_193, false],
    ] as const) {
      const key = 'k'.repeat(length)
      expect(readKey(inSecret(key)) !== undefined).toBe(accepted)
      expect(isRead('x-api-key', key, key)).toBe(accepted)
    }
  })

  it.each([
    'Bearer a-key-of-thirty-bytes',
    'bearer a-key-of-thirty-bytes',
    'Basic YWxpY2U6c2VjcmV0',
  ])('with the scheme of a header in front is refused, and the problem says so: %s', (key) => {
    const { problems } = read(inSecret(key))
    expect(problems.map(({ message }) => message)).toEqual([
      'data "api_key" begins with the scheme, such as "Bearer ": only what follows it belongs here',
    ])
  })
})
