// Finds the provider of a token: by the issuer of a JWT, or by introspection.

import { type Authentication, refused } from '../access/authentication.ts'
import type { CredentialPlace } from '../access/decision.ts'
import type { Asker } from '../access/identify.ts'
import { queueKeyOf } from '../access/queue-key.ts'
import type { MaybePromise } from '../common/maybe-promise.ts'
import { type DecodeToken, decodeToken, looksLikeJwt } from './decode-token.ts'
import type { IntrospectionProviders, ShownToken } from './introspection-providers.ts'
import type { JwtProviders } from './jwt-providers.ts'

export type IdentityProviders = {
  /** The cached result for a token, by digest; `undefined`: not cached. */
  readonly remembered: (
    digest: string,
    places: readonly CredentialPlace[],
  ) => Authentication | undefined
  /** `undefined`: not a token of a provider. */
  readonly authenticate: (
    shown: ShownToken,
    asker: Asker,
  ) => MaybePromise<Authentication | undefined>
}

/**
 * A JWT belongs to the provider with its issuer; keys come before introspection. A token that is not a JWT can
 * only be introspected.
 */
export function createIdentityProviders(
  jwts: Pick<JwtProviders, 'remembered' | 'has' | 'authenticate'>,
  introspected: Pick<IntrospectionProviders, 'remembered' | 'has' | 'authenticate'>,
  decode: DecodeToken = decodeToken,
): IdentityProviders {
  return {
    remembered: (digest, places) =>
      jwts.remembered(digest, places) ?? introspected.remembered(digest, places),
    authenticate: (shown, asker) => {
      const { token, digest, places } = shown
      const jwt = decode(token)
      if (jwt === undefined) {
        return looksLikeJwt(token)
          ? refused({ cause: 'unreadable' })
          : introspected.authenticate(shown, asker, undefined)
      }
      return introspected.has(jwt.issuer) && !jwts.has(jwt.issuer)
        ? introspected.authenticate(shown, asker, jwt)
        : jwts.authenticate(token, digest, places, queueKeyOf(asker.service), jwt)
    },
  }
}
