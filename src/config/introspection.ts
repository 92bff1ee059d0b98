// The schema of introspection, and providers that could be asked about the same opaque token.

import { z } from 'zod'
import { isHttpUrl } from '../common/secure-url.ts'
import { file, nonEmptyText, word } from './validators.ts'

export const MAX_TOKEN_PREFIXES = 16

/** Where an authorization server tells about its tokens (RFC 7662). */
export const introspection = z
  .strictObject({
    url: z
      .string()
      .refine(isHttpUrl)
      .describe('an https URL, or an http URL on loopback or with insecureHttp'),
    clientId: nonEmptyText('printable ASCII', /^[\x20-\x7e]+$/),
    clientSecretFile: file,
    tokenPrefixes: z
      .array(word('the beginning of a token'))
      .min(1)
      .max(MAX_TOKEN_PREFIXES)
      .describe(`a list of 1 to ${MAX_TOKEN_PREFIXES} beginnings of tokens`)
      .exactOptional(),
  })
  .describe('an object of url, clientId, clientSecretFile and tokenPrefixes')

type Place = {
  readonly headers: readonly { readonly name: string }[]
  readonly cookies: readonly string[]
}

type Provider = {
  readonly name: string
  readonly from: Place
  readonly introspection?: { readonly tokenPrefixes?: readonly string[] }
}

/** Providers that could be asked about the same opaque token: it would be sent to an issuer that it is not of. */
export const introspectionClashes = (providers: readonly Provider[]): readonly string[] =>
  providers.flatMap((provider, index) => {
    const other = providers.slice(0, index).find((each) => mayBothBeAsked(each, provider))
    return other === undefined
      ? []
      : [`jwt.providers[${index}].introspection.tokenPrefixes: ${expected(other.name)}`]
  })

const expected = (name: string): string =>
  `expected beginnings that do not overlap with those of "${name}", or tokens from other headers and cookies`

const mayBothBeAsked = (one: Provider, other: Provider): boolean =>
  one.introspection !== undefined &&
  other.introspection !== undefined &&
  haveCommonPlace(one.from, other.from) &&
  prefixesOf(one).some((prefix) =>
    prefixesOf(other).some((each) => prefix.startsWith(each) || each.startsWith(prefix)),
  )

const prefixesOf = ({ introspection }: Provider): readonly string[] =>
  introspection?.tokenPrefixes ?? ['']

const haveCommonPlace = (one: Place, other: Place): boolean =>
  one.headers.some(({ name }) => other.headers.some((header) => header.name === name)) ||
  one.cookies.some((cookie) => other.cookies.includes(cookie))
