import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Ref, uidOf } from './client.ts'
import type { Cluster } from './cluster.ts'
import { CLUSTER_ISSUER } from './programs.ts'

type Claims = Readonly<Record<string, unknown>>

/** A token in a Secret, as a control plane makes it: this cluster has no controllers. */
export type TokenSecret = { readonly secret: Ref; readonly token: string }

export type ClusterSigner = ReturnType<typeof clusterSigner>

/** Signs payloads with the key of a cluster. */
export function clusterSigner({ site, get, create }: Pick<Cluster, 'site' | 'get' | 'create'>) {
  const key = createPrivateKey(readFileSync(path.join(site.folder, 'accounts.key')))
  const jws = (claims: Claims, header: Claims = {}) =>
    signed({ alg: 'ES256', kid: kidOf(key), ...header }, claims, key)

  const uidFor = async (namespace: string, account: string): Promise<string> =>
    uidOf(await get(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}`))

  /** A legacy token without an expiry, for the Secret that contains it. */
  const legacy = async (namespace: string, account: string, secret: string) => {
    const prefix = 'kubernetes.io/serviceaccount'
    return jws({
      iss: 'kubernetes/serviceaccount',
      [`${prefix}/namespace`]: namespace,
      [`${prefix}/secret.name`]: secret,
      [`${prefix}/service-account.name`]: account,
      [`${prefix}/service-account.uid`]: await uidFor(namespace, account),
      sub: `system:serviceaccount:${namespace}:${account}`,
    })
  }

  return {
    jws,
    legacy,
    /** As TokenRequest makes them, for an hour; `claims` replace the defaults. */
    bound: async (namespace: string, account: string, claims: Claims = {}) =>
      jws({ ...boundClaims(namespace, account, await uidFor(namespace, account)), ...claims }),
    /** Creates the Secret of a new token. */
    tokenSecret: async (namespace: string, account: string, name: string): Promise<TokenSecret> => {
      const token = await legacy(namespace, account, name)
      const secret = tokenSecretOf(namespace, account, name, token)
      await create(secret)
      return { secret, token }
    },
  }
}

/** The Secret with a token of a ServiceAccount. */
export const tokenSecretOf = (namespace: string, account: string, name: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
  data: { token: Buffer.from(token).toString('base64') },
})

/** The claims of a token that anybody could write, but not sign. */
export const boundClaims = (namespace: string, account: string, uid: string): Claims => {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: CLUSTER_ISSUER,
    aud: [CLUSTER_ISSUER],
    iat: now,
    nbf: now,
    exp: now + 3_600,
    sub: `system:serviceaccount:${namespace}:${account}`,
    'kubernetes.io': { namespace, serviceaccount: { name: account, uid } },
  }
}

/** ES256 in compact form. */
export function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const text = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.')
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

const base64url = (text: string) => Buffer.from(text).toString('base64url')

/** The key id, as Kubernetes computes it. */
const kidOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url')
