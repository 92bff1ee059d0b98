import { readFileSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../scripts/child.ts'
import { type Cluster, startCluster } from '../../testing/cluster/cluster.ts'
import { bearer, modelBehind } from '../../testing/identity-engine.ts'
import { textAt } from '../../testing/json.ts'

const ISSUER = 'https://kubernetes.other.example.com'
const READERS = 'system:service-account-issuer-discovery'

let other: Cluster
let caFile = ''
let jwksUri = ''

beforeAll(async () => {
  other = await startCluster({ crds: [], issuer: ISSUER, anonymous: true })
  caFile = path.join(other.site.folder, 'ca.crt')
  jwksUri = `https://127.0.0.1:${other.site.apiPort}/openid/v1/jwks`
  await other.create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'default', name: 'scorer' },
  })
})
afterAll(() => other?.stop())

const behind = (given: object = {}, faults: string[] = []) =>
  modelBehind({
    config: {
      jwt: {
        providers: [
          {
            name: 'other-cluster',
            issuer: ISSUER,
            jwksUri,
            caFile,
            audiences: ['kserve'],
            algorithms: ['ES256'],
            rbac: { username: { claim: 'sub', prefix: 'other:' } },
            ...given,
          },
        ],
      },
    },
    subjects: [{ kind: 'User', name: 'other:system:serviceaccount:default:scorer' }],
    faults,
  })

/** A token of its TokenRequest API. */
async function tokenFor(...audiences: readonly string[]): Promise<string> {
  const { body } = await other.call({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/scorer/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds: 600 },
    },
  })
  return textAt(body, 'status', 'token')
}

const fetched = () =>
  new Promise<{ readonly status: number | undefined; readonly type: string | undefined }>(
    (resolve, reject) => {
      const headers = { accept: 'application/jwk-set+json, application/json;q=0.9, */*;q=0.8' }
      https
        .get(jwksUri, { ca: readFileSync(caFile), headers, agent: false }, (response) => {
          response.resume()
          resolve({ status: response.statusCode, type: response.headers['content-type'] })
        })
        .on('error', reject)
    },
  )

describe('the API server of another cluster as an issuer', () => {
  it('keeps its keys to itself until anybody may read them: that is an outage, not a refusal', async () => {
    const faults: string[] = []
    const { ask } = await behind({}, faults)
    expect((await ask(bearer(await tokenFor('kserve')))).answer).toBe('authentication-unavailable')
    expect(faults).toEqual([
      'problem with the keys of identity provider other-cluster: Error: the issuer answered with status 403',
    ])
  })

  describe('with its keys open', () => {
    beforeAll(async () => {
      await other.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'keys-are-public' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: READERS },
        subjects: [
          {
            apiGroup: 'rbac.authorization.k8s.io',
            kind: 'Group',
            name: 'system:unauthenticated',
          },
        ],
      })
      await until('open keys', async () => ((await fetched()).status === 200 ? true : undefined), {
        deadlineMs: 60_000,
      })
    })

    it('has keys of the type of key sets alone', async () => {
      expect(await fetched()).toEqual({ status: 200, type: 'application/jwk-set+json' })
    })

    it('has ServiceAccounts that RBAC here can name', async () => {
      const { ask } = await behind()
      const { answer, set, steps } = await ask(bearer(await tokenFor('kserve')))
      expect([answer, steps]).toEqual(['allow', expect.anything()])
      expect(set['x-auth-request-user']).toBe('other:system:serviceaccount:default:scorer')
    })

    it('has tokens for others, which count for nothing here', async () => {
      const { ask } = await behind()
      expect((await ask(bearer(await tokenFor(ISSUER)))).answer).toBe('wrong-audience')
    })

    it('is not believed without its authority', async () => {
      const { ask } = await behind({ caFile: path.join(other.site.folder, 'server.crt') })
      const faults: string[] = []
      const without = await behind({ caFile: undefined }, faults)
      const token = await tokenFor('kserve')
      expect((await without.ask(bearer(token))).answer).toBe('authentication-unavailable')
      expect(faults).toEqual([expect.stringContaining('the issuer cannot be reached')])
      expect((await ask(bearer(token))).answer).toBe('authentication-unavailable')
    })
  })
})
