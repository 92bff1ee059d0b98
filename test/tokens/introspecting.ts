import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import type { Authentication } from '../../src/access/authentication.ts'
import type { CredentialPlace } from '../../src/access/decision.ts'
import type { Asker } from '../../src/access/identify.ts'
import { createCache } from '../../src/common/cache.ts'
import {
  createIntrospectionProviders,
  type IntrospectionProvider,
  type IntrospectionProviders,
  type IntrospectionProvidersParts,
} from '../../src/tokens/introspection-providers.ts'
import { startAuthorizationServer } from '../../testing/issuers/authorization-server.ts'
import { nowSeconds } from '../../testing/issuers/oidc-issuer.ts'

export const AUTHORIZATION: CredentialPlace = { kind: 'header', name: 'authorization' }
export const SECRET = 'marker-of-the-secret'
export const TOKEN = 'opaque-marker-of-the-token'
export const ISSUER = 'https://as.example.com'

const toClose: (() => unknown)[] = []
afterAll(async () => {
  for (const close of toClose.splice(0).toReversed()) await close()
})

/** Of somebody in good standing, for the audience `models`. */
export const goodAnswer = (given: object = {}) => ({
  active: true,
  iss: ISSUER,
  aud: 'models',
  sub: 'ada',
  client_id: 'notebooks',
  username: 'Ada',
  scope: 'openid predict',
  token_type: 'Bearer',
  iat: nowSeconds() - 5,
  exp: nowSeconds() + 600,
  ...given,
})

export const askerOf = (namespace = 'team', name = 'iris'): Asker => ({
  service: { kind: 'InferenceService', namespace, name },
  proxy: undefined,
})

export async function secretFile(content: string | Uint8Array = SECRET) {
  const folder = await mkdtemp(path.join(tmpdir(), 'introspecting-'))
  toClose.push(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'secret')
  await writeFile(file, content)
  return file
}

export async function anAuthorizationServer(
  answers: Parameters<typeof startAuthorizationServer>[0] = {},
) {
  const server = await startAuthorizationServer(answers)
  toClose.push(server.stop)
  return server
}

type Given = Partial<Omit<IntrospectionProvider, 'introspection'>> & {
  readonly introspection?: Partial<IntrospectionProvider['introspection']>
}

/** Takes tokens of the audience `models` from Authorization, as user and groups `idp:...` of RBAC. */
export const introspectedProvider = async (
  url: string,
  { introspection, ...given }: Given = {},
): Promise<IntrospectionProvider> => ({
  name: 'opaque',
  issuer: ISSUER,
  audiences: ['models'],
  places: [AUTHORIZATION],
  rbac: {
    username: { claim: 'sub', prefix: 'idp:' },
    groups: { claim: 'groups', prefix: 'idp:' },
  },
  introspection: {
    url,
    clientId: 'kserve-authz',
    clientSecretFile: introspection?.clientSecretFile ?? (await secretFile()),
    ...introspection,
  },
  ...given,
})

/** Providers that are asked, and what is seen of it. */
export function introspectionBy(
  providers: readonly IntrospectionProvider[],
  parts: Partial<IntrospectionProvidersParts> = {},
) {
  const problems: string[] = []
  const sheds: string[] = []
  const calls: string[] = []
  const made: IntrospectionProviders = createIntrospectionProviders(providers, {
    onProblem: (provider, problem) => void problems.push(`${provider}: ${problem}`),
    observer: {
      asked: ({ dependency, result }) => void calls.push(`${dependency} ${result}`),
      shed: (cause) => void sheds.push(cause),
    },
    createCache,
    ...parts,
  })
  const authenticate = async (
    token: string,
    asker = askerOf(),
    places: readonly CredentialPlace[] = [AUTHORIZATION],
  ): Promise<Authentication | undefined> => {
    const digest = hash('sha256', token)
    return (
      made.remembered(digest, places) ??
      (await made.authenticate({ token, digest, places }, asker, undefined))
    )
  }
  return {
    providers: made,
    cacheCounts: made.cacheCounts,
    problems,
    sheds,
    calls,
    authenticate,
    /** The user that a token names, or why it is refused; `undefined`: no provider takes it. */
    verdict: async (...asked: Parameters<typeof authenticate>) =>
      shortened(await authenticate(...asked)),
  }
}

const shortened = (answer: Authentication | undefined): string | undefined =>
  answer?.kind === 'known' ? answer.caller.user : answer?.reason

/** With one provider, at a server that says this of the one token. */
export async function askedAbout(
  answer: unknown,
  given: Given = {},
  parts: Partial<IntrospectionProvidersParts> = {},
) {
  const server = await anAuthorizationServer({ [TOKEN]: answer })
  const asking = introspectionBy([await introspectedProvider(server.url, given)], parts)
  return { server, ...asking }
}
