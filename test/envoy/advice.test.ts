import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { API_KEY_PLACES, adviceAbout } from '../../src/envoy/advice.ts'
import { DIALECTS, denialsFor } from '../../src/envoy/denials.ts'
import { messageOf } from '../../src/envoy/dialect.ts'

const adviceIn = (headers: readonly string[], schemes: readonly string[] = ['Bearer']) =>
  adviceAbout({ headers, schemes })

describe('what a client without a credential is told', () => {
  it.each<[headers: string[], schemes: string[], any: string, anthropic: string]>([
    [
      ['authorization', 'x-api-key', 'api-key'],
      ['Bearer'],
      'send Authorization: Bearer <token or API key>',
      'send x-api-key: <API key>, or Authorization: Bearer <token or API key>',
    ],
    [
      ['x-api-key'],
      ['Bearer'],
      'send Authorization: Bearer <token>, or x-api-key: <API key>',
      'send x-api-key: <API key>, or Authorization: Bearer <token>',
    ],
    [
      ['api-key'],
      ['Bearer'],
      'send Authorization: Bearer <token>, or api-key: <API key>',
      'send Authorization: Bearer <token>, or api-key: <API key>',
    ],
    [
      ['authorization'],
      ['Api-Key'],
      'send Authorization: Bearer <token>, or Authorization: Api-Key <API key>',
      'send Authorization: Bearer <token>, or Authorization: Api-Key <API key>',
    ],
    [
      ['authorization'],
      ['Api-Key', 'bearer'],
      'send Authorization: Bearer <token or API key>',
      'send Authorization: Bearer <token or API key>',
    ],
    [
      ['authorization', 'x-key'],
      [],
      'send Authorization: Bearer <token>, or x-key: <API key>',
      'send Authorization: Bearer <token>, or x-key: <API key>',
    ],
    [[], ['Bearer'], 'send Authorization: Bearer <token>', 'send Authorization: Bearer <token>'],
  ])('with API keys in %j and the schemes %j', (headers, schemes, any, anthropic) => {
    expect(adviceIn(headers, schemes)).toMatchObject({ any, anthropic })
  })

  it('names metadata in gRPC', () => {
    expect(adviceIn(['x-api-key']).grpc).toBe(
      'send the metadata authorization: Bearer <token>, or x-api-key: <API key>',
    )
    expect(adviceIn(['authorization'], ['Key']).grpc).toBe(
      'send the metadata authorization: Bearer <token>, or authorization: Key <API key>',
    )
  })
})

it('a message tells to send an API key only where the configuration accepts it', () => {
  const names = fc.subarray(['authorization', 'x-api-key', 'api-key', 'x-key'])
  const schemes = fc.subarray(['Bearer', 'Api-Key', 'bearer'])
  fc.assert(
    fc.property(names, schemes, (headers, schemes) => {
      const denials = denialsFor({ headers, schemes })
      const isBearer =
        headers.includes('authorization') &&
        schemes.some((scheme) => scheme.toLowerCase() === 'bearer')
      for (const denial of Object.values(denials))
        for (const dialect of DIALECTS) {
          const message = messageOf(dialect, denial)
          if (!isBearer) expect(message).not.toContain('token or API key')
          if (!headers.includes('x-api-key')) expect(message).not.toContain('x-api-key')
          if (!headers.includes('authorization'))
            expect(message).not.toMatch(/authorization: (?!Bearer)/i)
          expect(message.length).toBeLessThan(200)
        }
    }),
  )
})

it('the default places are those of the configuration', () => {
  const { headers, schemes } = readConfig({ env: {}, flags: {} }).apiKeys
  expect(API_KEY_PLACES).toEqual({ headers, schemes })
})
