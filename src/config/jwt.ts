import { z } from 'zod'
import { isSecureUrl } from '../common/secure-url.ts'
import { claim, credentialHeader, file, nonEmptyText, word } from './validators.ts'

// Names that begin with system: belong to Kubernetes; an empty prefix would let an issuer name them.
const prefix = nonEmptyText(
  'a prefix that is not empty and not of system:',
  /^(?!system:)[\x21-\x7e]+$/,
)

const mapping = z.strictObject({ claim, prefix })

const url = z.string().refine(isSecureUrl).describe('an https URL, or an http one on loopback')

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const BEARER = 'Bearer '

/** Who issues JWTs that are accepted. */
export const provider = z
  .strictObject({
    name: nonEmptyText('a name of a-z, 0-9 and -', /^[a-z0-9-]{1,63}$/),
    issuer: word('an issuer'),
    audiences: z.array(word('an audience')).min(1),
    jwksUri: url.exactOptional(),
    jwksFile: file.exactOptional(),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'ES256']),
    types: z
      .array(
        nonEmptyText('a media type of JWTs', /^[\w!#$&^.+-]{1,127}(?:\/[\w!#$&^.+-]{1,127})?$/),
      )
      .exactOptional(),
    from: z
      .strictObject({
        headers: z
          .array(
            z
              .strictObject({
                name: credentialHeader,
                prefix: nonEmptyText('printable ASCII', /^[\x20-\x7e]*$/).exactOptional(),
              })
              .refine(({ name, prefix = BEARER }) => name !== 'authorization' || prefix === BEARER)
              .describe(`a name and a prefix, which of authorization is "${BEARER}"`),
          )
          .default([]),
        cookies: z
          .array(nonEmptyText('the name of a cookie', /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/))
          .default([]),
      })
      .default({ headers: [{ name: 'authorization', prefix: BEARER }], cookies: [] }),
    rbac: z.strictObject({ username: mapping, groups: mapping.exactOptional() }).exactOptional(),
  })
  .refine(({ jwksUri, jwksFile }) => jwksUri === undefined || jwksFile === undefined)
  .refine(({ issuer, jwksUri, jwksFile }) => jwksUri ?? jwksFile ?? isSecureUrl(issuer))
  .describe(
    'a provider with jwksUri or jwksFile, or with an issuer whose https URL leads to its keys',
  )
