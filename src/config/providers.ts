// Detects identity providers of one issuer that could accept the same token.

import type { Config } from './schema.ts'

type Provider = Config['jwt']['providers'][number]

/** Providers of one issuer that could accept the same token. */
export function providerClashes(providers: readonly Provider[]): readonly string[] {
  return providers.flatMap((provider, index) => {
    const other = providers.slice(0, index).find((each) => mayBothFit(each, provider))
    return other === undefined
      ? []
      : [`jwt.providers[${index}].issuer: ${expected(other.name, provider)}`]
  })
}

const expected = (name: string, { audiences }: Provider): string =>
  `expected an issuer other than that of "${name}", or no ${'claim' in audiences ? audiences.claim : 'aud'} and no value of a required claim in common`

const mayBothFit = (one: Provider, other: Provider): boolean =>
  one.issuer === other.issuer &&
  (one.introspection === undefined) === (other.introspection === undefined) &&
  !areApart(audiencesOf(one), audiencesOf(other)) &&
  !areClaimsApart(one.requiredClaims ?? {}, other.requiredClaims ?? {})

type Audiences = { readonly claim: string; readonly values: readonly string[] }

const audiencesOf = ({ audiences }: Provider): Audiences =>
  'claim' in audiences ? audiences : { claim: 'aud', values: audiences }

const areApart = (one: Audiences, other: Audiences): boolean =>
  one.claim === other.claim && !one.values.some((value) => other.values.includes(value))

type Claims = Readonly<Record<string, readonly string[]>>

const areClaimsApart = (one: Claims, other: Claims): boolean =>
  Object.entries(one).some(([claim, values]) => {
    const others = Object.entries(other).find(([name]) => name === claim)?.[1]
    return others !== undefined && !values.some((value) => others.includes(value))
  })
