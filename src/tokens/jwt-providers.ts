import { type Authentication, known, rejected } from '../access/authentication.ts'
import type { Caller } from '../access/caller.ts'
import type { CredentialPlace } from '../access/decision.ts'
import { type Soon, whenKnown } from '../access/soon.ts'
import { type ClaimMapping, listClaim, own, textClaim } from './claims.ts'
import { type FetchLimits, fetchingFrom, type KeyLocation } from './fetch-keys.ts'
import type { Periods } from './key-holder.ts'
import { type Claims, readUnverified } from './unverified.ts'
import { createVerifier, type Verified, type Verifier } from './verifier.ts'

/** Who issues JWTs that are accepted here, as the installation's configuration defines it. */
export type JwtProvider = {
  readonly name: string
  /** Compared as it is with `iss`. No two providers have the same. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly keys: KeyLocation
  readonly places: readonly CredentialPlace[]
  /** How a token becomes a user of Kubernetes; `undefined`: it does not. */
  readonly rbac:
    | { readonly username: ClaimMapping; readonly groups: ClaimMapping | undefined }
    | undefined
}

export type JwtProviders = {
  /** `undefined`: not a JWT. */
  readonly authenticate: (
    token: string,
    digest: string,
    places: readonly CredentialPlace[],
  ) => Soon<Authentication | undefined>
  /** Milliseconds since each provider's keys were fetched; `undefined`: never. */
  readonly keyAges: () => ReadonlyMap<string, number | undefined>
  readonly close: () => void
}

export type ProvidersParts = {
  /** The error holds nothing that the issuer sent. */
  readonly onFailure: (provider: string, error: unknown) => void
  readonly periods?: Partial<Periods>
  readonly limits?: Partial<FetchLimits>
}

/** Starts fetching the keys of every provider at once; one that does not answer holds up nobody else. */
export function createJwtProviders(
  providers: readonly JwtProvider[],
  parts: ProvidersParts,
): JwtProviders {
  const byIssuer = new Map(
    providers.map((provider) => [
      provider.issuer,
      { provider, verifier: verifierOf(provider, parts) },
    ]),
  )
  return {
    authenticate: (token, digest, places) => {
      const unverified = readUnverified(token)
      if (unverified === undefined) return undefined
      const { provider, verifier } = byIssuer.get(unverified.issuer ?? '') ?? {}
      if (provider === undefined || verifier === undefined) return rejected('unknown-issuer')
      if (!places.some((place) => accepts(provider, place))) return rejected('unknown-issuer')
      return whenKnown(verifier.verify(token, digest, unverified), (verified) =>
        verified.kind === 'refused' ? rejected(verified.reason) : known(verified.value),
      )
    },
    keyAges: () =>
      new Map(
        [...byIssuer.values()].map(({ provider, verifier }) => [provider.name, verifier.keyAge()]),
      ),
    close: () => {
      for (const { verifier } of byIssuer.values()) verifier.close()
    },
  }
}

const accepts = ({ places }: JwtProvider, { kind, name }: CredentialPlace): boolean =>
  places.some((place) => place.kind === kind && place.name === name)

function verifierOf(provider: JwtProvider, parts: ProvidersParts): Verifier<Caller> {
  return createVerifier<Caller>({
    expected: provider,
    fetchKeys: fetchingFrom(provider.keys, parts.limits),
    onFailure: (error) => parts.onFailure(provider.name, error),
    read: (claims) => readCaller(provider, claims),
    periods:
      provider.keys.kind === 'file'
        ? { refresh: 1_000, coolDown: 0, ...parts.periods }
        : (parts.periods ?? {}),
  })
}

const INVALID: Verified<never> = { kind: 'refused', reason: 'invalid-token' }

function readCaller(
  { name: provider, issuer, rbac }: JwtProvider,
  claims: Claims,
): Verified<Caller> {
  const subject = textClaim(claims, SUBJECT)
  const user = rbac === undefined ? subject : textClaim(claims, rbac.username)
  const groups = rbac?.groups === undefined ? [] : listClaim(claims, rbac.groups)
  if (user === undefined || groups === undefined) return INVALID
  if ([user, ...groups].some((name) => name.startsWith('system:'))) return INVALID
  // Whoever may choose his e-mail address at the issuer could choose another's.
  const verified = own(claims, 'email_verified') ?? true
  if (rbac?.username.claim === 'email' && verified !== true) return INVALID
  return {
    kind: 'verified',
    value: {
      kind: 'jwt',
      user,
      groups,
      uid: undefined,
      extra: {},
      reference: `${provider} ${issuer} ${subject ?? ''}`.trim(),
      inRbac: rbac !== undefined,
      claims,
    },
  }
}

const SUBJECT: ClaimMapping = { claim: 'sub', prefix: '' }
