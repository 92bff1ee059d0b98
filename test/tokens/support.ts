import { hash } from 'node:crypto'
import { afterAll } from 'vitest'
import type { CredentialPlace } from '../../src/access/decision.ts'
import { createCache } from '../../src/common/cache.ts'
import {
  createJwtProviders,
  type JwtProvider,
  type JwtProviders,
  type ProvidersParts,
} from '../../src/tokens/jwt-providers.ts'
import { type OidcIssuer, startOidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { atOnce, queueKeyFor } from '../../testing/queue-keys.ts'

const AUTHORIZATION: CredentialPlace = { kind: 'header', name: 'authorization' }

/** Accepts ES256 for the audience `models`, from Authorization, with user and groups `idp:...` for RBAC. */
export const aProvider = (
  { issuer, jwksUri }: Pick<OidcIssuer, 'issuer' | 'jwksUri'>,
  given: Partial<JwtProvider> = {},
): JwtProvider => ({
  name: 'idp',
  issuer,
  audiences: ['models'],
  algorithms: ['ES256'],
  keys: { kind: 'uri', uri: jwksUri },
  places: [AUTHORIZATION],
  rbac: {
    username: { claim: 'sub', prefix: 'idp:' },
    groups: { claim: 'groups', prefix: 'idp:' },
  },
  ...given,
})

const toClose: (() => unknown)[] = []
afterAll(async () => {
  for (const close of toClose.splice(0)) await close()
})

export async function anIssuer(
  start: Parameters<typeof startOidcIssuer>[0] = {},
): Promise<OidcIssuer> {
  const issuer = await startOidcIssuer(start)
  toClose.push(issuer.stop)
  return issuer
}

type Parts = Partial<Omit<ProvidersParts, 'onFailure'>> & { readonly failures?: string[] }

export function someProviders(
  providers: readonly JwtProvider[],
  { failures = [], ...parts }: Parts = {},
): JwtProviders {
  const made = createJwtProviders(providers, {
    onFailure: (_provider, error) => failures.push(String(error)),
    createCache,
    verifications: atOnce,
    ...parts,
  })
  toClose.push(made.close)
  return made
}

/** The user of a token, or the reason of the refusal; `undefined`: it is not a JWT. */
export async function verdictOf(
  { remembered, authenticate }: Pick<JwtProviders, 'remembered' | 'authenticate'>,
  token: string,
  places: readonly CredentialPlace[] = [AUTHORIZATION],
): Promise<string | undefined> {
  const digest = hash('sha256', token)
  const answer =
    remembered(digest, places) ?? (await authenticate(token, digest, places, queueKeyFor('team')))
  return answer?.kind === 'known' ? answer.caller.user : answer?.reason
}

/** A compact JWS with any header, payload and signature; texts and bytes are used unchanged. */
export const compact = (
  header: object | string,
  payload: object | string | Uint8Array,
  signatureOf: (input: string) => Uint8Array = () => Buffer.from('signature'),
): string => {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${encoded(signatureOf(input))}`
}

export const encoded = (content: object | string | Uint8Array): string =>
  Buffer.from(
    typeof content === 'string' || content instanceof Uint8Array
      ? content
      : JSON.stringify(content),
  ).toString('base64url')
