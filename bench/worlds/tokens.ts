import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'

/** The issuers of a run: the cluster for its ServiceAccounts, a provider for its users. */
export type Issuers = {
  readonly cluster: { readonly issuer: string; readonly jwksFile: string }
  readonly provider: {
    readonly issuer: string
    readonly audience: string
    readonly jwksFile: string
    /** Where it tells of `OPAQUE_TOKEN`. */
    readonly introspection: { readonly url: string; readonly clientSecretFile: string }
  }
  /** A token of the ServiceAccount `READER`, as the API server makes it. */
  readonly serviceAccountToken: () => string
  /** A token of `USER`; different numbers give different tokens. */
  readonly userToken: (algorithm: Algorithm, number: number) => string
  /** Nearly as long as tokens may be. */
  readonly longToken: () => string
}

export const ALGORITHMS = ['RS256', 'ES256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export const READER = {
  namespace: 'bench-0',
  name: 'reader',
  uid: '8d5a9ad1-7bf5-4a7b-8e6c-1f5a0e9b2c33',
}
/** The subject of the users' tokens, and the provider's claims about it. */
export const USER = 'f3b1c6de-0f5a-4f0e-9a59-2d6a3f1f6c11'
export const GROUP = 'ml-research'
export const ROLE = 'iris-users'

/** A token of `USER` that is no JWT. */
export const OPAQUE_TOKEN = `opaque_${'x'.repeat(36)}`

const CLUSTER_ISSUER = 'https://kubernetes.default.svc'
const PROVIDER_ISSUER = 'https://keycloak.example.com/realms/models'
const AUDIENCE = 'models'
const LIFE_SECONDS = 86_400

/** Makes keys, and writes the public ones into the folder. */
export async function createIssuers(folder: string): Promise<Issuers> {
  const now = Math.floor(Date.now() / 1_000)
  const keys = { RS256: rsaKey(), ES256: ellipticKey() }
  const clusterKey = rsaKey()
  await mkdir(folder, { recursive: true })
  const publish = async (file: string, published: Readonly<Record<string, KeyObject>>) => {
    const jwksFile = path.join(folder, file)
    await writeFile(jwksFile, JSON.stringify({ keys: Object.entries(published).map(publicKey) }))
    return jwksFile
  }
  const clientSecretFile = path.join(folder, 'client-secret')
  await writeFile(clientSecretFile, 'not-a-secret')
  const url = await startIntrospection({ active: true, ...userClaims(now, 0), typ: undefined })
  return {
    cluster: {
      issuer: CLUSTER_ISSUER,
      jwksFile: await publish('cluster-jwks.json', { RS256: clusterKey }),
    },
    provider: {
      issuer: PROVIDER_ISSUER,
      audience: AUDIENCE,
      jwksFile: await publish('provider-jwks.json', keys),
      introspection: { url, clientSecretFile },
    },
    serviceAccountToken: () => jwt('RS256', clusterKey, serviceAccountClaims(now)),
    userToken: (algorithm, number) => jwt(algorithm, keys[algorithm], userClaims(now, number)),
    longToken: () => jwt('RS256', keys.RS256, { ...userClaims(now, 0), roles: MANY_ROLES }),
  }
}

/** As GUIDs, which make a token of 31 KiB. */
const MANY_ROLES = Array.from(
  { length: 570 },
  (_, index) => `f3b1c6de-0f5a-4f0e-9a59-${index.toString(16).padStart(12, '0')}`,
)

/** Says the same of every token, until the process ends. */
async function startIntrospection(answer: object) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end(JSON.stringify(answer)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://127.0.0.1:${port}/introspect`
}

const rsaKey = () => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey

const ellipticKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const publicKey = ([algorithm, privateKey]: readonly [string, KeyObject]) => ({
  ...createPublicKey(privateKey).export({ format: 'jwk' }),
  alg: algorithm,
  kid: algorithm,
  use: 'sig',
})

function jwt(algorithm: Algorithm, key: KeyObject, claims: object): string {
  const header = { alg: algorithm, typ: 'JWT', kid: algorithm }
  const signed = `${base64(header)}.${base64(claims)}`
  const signature = sign('sha256', Buffer.from(signed), {
    key,
    dsaEncoding: 'ieee-p1363',
  })
  return `${signed}.${signature.toString('base64url')}`
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** As Keycloak makes them, so that their length is realistic. */
const userClaims = (now: number, number: number) => ({
  exp: now + LIFE_SECONDS,
  iat: now,
  jti: `onrtac:${number.toString(16).padStart(32, '0')}`,
  iss: PROVIDER_ISSUER,
  aud: AUDIENCE,
  sub: USER,
  typ: 'Bearer',
  azp: 'notebook',
  sid: 'b7a3c0ad-3d4c-4a06-8c5c-0a3f6f5d7d50',
  realm_access: { roles: ['offline_access', ROLE] },
  groups: ['all', GROUP],
  scope: 'openid profile email',
  email_verified: true,
  name: 'Ada Lovelace',
  preferred_username: 'ada',
  email: 'ada@example.com',
})

const serviceAccountClaims = (now: number) => ({
  aud: [CLUSTER_ISSUER],
  exp: now + LIFE_SECONDS,
  iat: now,
  iss: CLUSTER_ISSUER,
  jti: '0b1f8a55-9d4e-4b0f-8f0e-6f4a53e3a7d0',
  'kubernetes.io': {
    namespace: READER.namespace,
    node: { name: 'worker-1', uid: '3f5b7e2c-1c52-4f4d-a5d3-0e1a4c9fd2b7' },
    pod: { name: 'notebook-0', uid: '6a3b1d79-25d1-4f5d-9be2-3cf2fb3a6f01' },
    serviceaccount: { name: READER.name, uid: READER.uid },
    warnafter: now + 3_607,
  },
  nbf: now,
  sub: `system:serviceaccount:${READER.namespace}:${READER.name}`,
})
