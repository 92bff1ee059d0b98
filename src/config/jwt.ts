// The schema of identity providers.

import { z } from 'zod'
import { MAX_CLOCK_SKEW_SECONDS } from '../access/clock-skew.ts'
import { JWT_ALGORITHMS } from '../common/jwt-algorithms.ts'
import { isHttpUrl, isSecureUrl } from '../common/secure-url.ts'
import { introspection } from './introspection.ts'
import { claim, credentialHeader, file, nonEmptyText, record, word } from './validators.ts'

// Names with the prefix system: are reserved for Kubernetes; an empty prefix would let an issuer use them.
const prefix = nonEmptyText(
  'a prefix that is not empty and does not start with system:',
  /^(?!system:)[\x21-\x7e]+$/,
)

const mapping = z.strictObject({ claim, prefix })

const url = z
  .string()
  .refine(isHttpUrl)
  .describe('an https URL, or an http URL on loopback or with insecureHttp')

const BEARER = 'Bearer '

const audience = word('an audience')

const audiences = z
  .union([z.array(audience).min(1), z.strictObject({ claim, values: z.array(audience).min(1) })])
  .describe('a list of one or more audiences, or an object of claim and values')

const claimValues = z.array(nonEmptyText('the value of a claim', /^\P{Cc}+$/u)).min(1)

const clockSkew = z
  .int()
  .min(0)
  .max(MAX_CLOCK_SKEW_SECONDS)
  .describe(`a whole number of seconds from 0 to ${MAX_CLOCK_SKEW_SECONDS}`)

/** Whether the keys are fetched securely, or the provider accepts that they are not. */
const isSafe = (url: string, insecureHttp: boolean | undefined): boolean =>
  isSecureUrl(url) || (insecureHttp === true && isHttpUrl(url))

/** An identity provider whose JWTs are accepted. */
export const provider = z
  .strictObject({
    name: nonEmptyText('a name of a-z, 0-9 and -', /^[a-z0-9-]{1,63}$/),
    issuer: word('an issuer'),
    audiences,
    requiredClaims: record(claim, claimValues)
      .refine((claims) => Object.keys(claims).length > 0)
      .describe('an object from the name of a claim to a list of one or more values, not empty')
      .exactOptional(),
    clockSkew: clockSkew.exactOptional(),
    caFile: file.exactOptional(),
    insecureHttp: z.boolean().exactOptional(),
    user: z
      .strictObject({ claim, prefix: prefix.exactOptional() })
      .describe('an object of claim and prefix')
      .exactOptional(),
    jwksUri: url.exactOptional(),
    jwksFile: file.exactOptional(),
    algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).exactOptional(),
    introspection: introspection.exactOptional(),
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
              .describe(`a name and a prefix; for authorization the prefix is "${BEARER}"`),
          )
          .default([]),
        cookies: z
          .array(nonEmptyText('the name of a cookie', /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/))
          .default([]),
      })
      .default({ headers: [{ name: 'authorization', prefix: BEARER }], cookies: [] }),
    rbac: z
      .strictObject({
        username: mapping,
        groups: mapping.exactOptional(),
        systemAuthenticated: z.boolean().exactOptional(),
      })
      .exactOptional(),
  })
  .refine(({ jwksUri, jwksFile }) => jwksUri === undefined || jwksFile === undefined)
  .refine(({ user, rbac }) => user === undefined || rbac === undefined)
  .refine(({ jwksUri, insecureHttp }) => jwksUri === undefined || isSafe(jwksUri, insecureHttp), {
    path: ['jwksUri'],
  })
  .refine(
    ({ introspection, insecureHttp }) =>
      introspection === undefined || isSafe(introspection.url, insecureHttp),
    { path: ['introspection', 'url'] },
  )
  .refine(
    ({ introspection, jwksUri, jwksFile, algorithms, types }) =>
      introspection === undefined || !(jwksUri ?? jwksFile ?? algorithms ?? types),
  )
  .refine(
    ({ issuer, insecureHttp, ...keys }) =>
      keys.introspection ?? keys.jwksUri ?? keys.jwksFile ?? isSafe(issuer, insecureHttp),
  )
  .describe(
    'a provider with jwksUri or jwksFile, with introspection and none of jwksUri, jwksFile, algorithms and types, or with an issuer URL that supports discovery',
  )
