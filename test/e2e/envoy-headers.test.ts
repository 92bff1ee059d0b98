import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { head, reachedModel, sendRaw } from '../../testing/envoy/http.ts'
import { reachedOverEach } from '../../testing/envoy/reached.ts'
import { type Mesh, startMesh, TEAM } from '../../testing/envoy/team.ts'
import { KEYS, TOKENS } from '../../testing/issuers/credentials.ts'
import { type OidcIssuer, startOidcIssuer } from '../../testing/issuers/oidc-issuer.ts'
import { bindingOf, providerOf } from '../../testing/issuers/provider.ts'

const [SK, BARE, OPEN, FLOW] = ['sk', 'bare', 'open', 'flow'].map(
  (name) => `${name}-team.example.com`,
)
const ALICE = { 'x-api-key': KEYS.alice }
const READER = { authorization: `Bearer ${TOKENS.reader}` }

let mesh: Mesh
let issuer: OidcIssuer

beforeAll(async () => {
  issuer = await startOidcIssuer()
  mesh = await startMesh({
    manifests: TEAM,
    files: { 'ada.yaml': bindingOf('issuer:ada') },
    config: {
      headers: { claims: { 'x-email': 'email' } },
      jwt: {
        providers: [
          providerOf(issuer, {
            from: { headers: [{ name: 'authorization' }], cookies: ['session'] },
          }),
        ],
      },
    },
    listeners: {
      gateway: {},
      predictor: { host: '127.0.0.11' },
      transformer: { host: '127.0.0.12' },
    },
  })
})
afterAll(async () => {
  await mesh.stop()
  await issuer.stop()
})

type Headers = Readonly<Record<string, string>>
const ADDRESSES: Headers = { predictor: '127.0.0.11', transformer: '127.0.0.12' }
const to = (listener: string) => ({
  port: mesh.portOf(listener),
  address: ADDRESSES[listener] ?? '127.0.0.1',
})

const reached = (listener: string, host = '', headers: Headers = {}, path?: string) =>
  reachedOverEach(to(listener), host, headers, path)

describe('the model receives the identity of the caller', () => {
  it.each([
    ['the holder of an API key', ALICE, 'alice', 'gold,beta', 'api-key'],
    [
      'a ServiceAccount',
      READER,
      'system:serviceaccount:team:reader',
      'system:serviceaccounts,system:serviceaccounts:team,system:authenticated',
      'kubernetes',
    ],
  ])('%s', async (_title, credential, user, groups, kind) => {
    for (const headers of await reached('gateway', BARE, credential)) {
      expect(headers).toMatchObject({
        'x-auth-request-user': user,
        'x-auth-request-groups': groups,
        'x-auth-request-credential': kind,
      })
    }
  })

  it('the subject of a token, and the configured claims', async () => {
    const authorization = `Bearer ${issuer.token({ email: 'ada@example.com' })}`

    for (const headers of await reached('gateway', BARE, { authorization })) {
      expect(headers).toMatchObject({
        'x-auth-request-user': 'issuer:ada',
        'x-auth-request-credential': 'jwt',
        'x-email': 'ada@example.com',
      })
    }
  })
})

describe('identity headers of a client do not reach the model', () => {
  const HYPHENATED: Headers = {
    'X-Auth-Request-User': 'root',
    'x-auth-request-groups': 'system:masters',
    'X-AUTH-REQUEST-CREDENTIAL': 'mesh',
    'x-email': 'root@example.com',
  }
  const UNDERSCORED: Headers = {
    x_auth_request_user: 'root',
    'X_Auth-Request_Groups': 'system:masters',
    'x-auth-request_credential': 'mesh',
    x_email: 'root@example.com',
  }
  // Each of them alone, too: some answers are encoded in advance.
  const FORGERIES = [HYPHENATED, UNDERSCORED, { ...HYPHENATED, ...UNDERSCORED }]
  const isIdentity = (name: string) =>
    /^x.(?:auth.request.(?:user|groups|credential)|email)$/.test(name.toLowerCase())
  const identityIn = (headers: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => isIdentity(name)))

  it.each([
    ['of an open service', OPEN, undefined],
    ['on an excluded path', SK, '/healthz'],
  ])('%s', async (_title, host, path) => {
    for (const forged of FORGERIES) {
      for (const headers of await reached('gateway', host, forged, path)) {
        expect(identityIn(headers)).toEqual({})
      }
    }
  })

  it('next to a valid key', async () => {
    for (const forged of FORGERIES) {
      for (const headers of await reached('gateway', BARE, { ...forged, ...ALICE })) {
        expect(identityIn(headers)).toEqual({
          'x-auth-request-user': 'alice',
          'x-auth-request-groups': 'gold,beta',
          'x-auth-request-credential': 'api-key',
        })
      }
    }
  })

  it('repeated', async () => {
    const twice = ['x-auth-request-user: root', 'x-auth-request-user: admin']
    const lines = [`Host: ${BARE}`, ...twice, `x-api-key: ${KEYS.alice}`]
    const reply = await sendRaw(to('gateway'), head('GET /v1/models/m HTTP/1.1', ...lines))

    expect(identityIn(reachedModel(reply))).toMatchObject({ 'x-auth-request-user': 'alice' })
  })
})

describe('a credential', () => {
  it.each([
    ['ends at a gateway in front of pods without sidecars', 'gateway', BARE, false],
    ['passes a gateway in front of pods with sidecars', 'gateway', SK, true],
    ["ends at the predictor's sidecar", 'predictor', SK, false],
    ["passes the transformer's sidecar", 'transformer', SK, true],
    ['passes a gateway in front of a graph', 'gateway', FLOW, true],
  ])('%s', async (_title, listener, host, kept) => {
    for (const credential of [ALICE, READER]) {
      const [name = '', value = ''] = Object.entries(credential)[0] ?? []
      for (const headers of await reached(listener, host, credential)) {
        expect(headers).toHaveProperty('x-auth-request-user')
        expect(headers[name]).toBe(kept ? value : undefined)
      }
    }
  })

  it.each([
    ['of an open service', OPEN, undefined],
    ['on an excluded path', BARE, '/healthz'],
  ])('that was not examined stays: %s', async (_title, host, path) => {
    for (const headers of await reached('gateway', host, READER, path)) {
      expect(headers.authorization).toBe(READER.authorization)
    }
  })

  it('in a cookie is removed from it, and nothing else is', async () => {
    const cookie = `theme=dark; session=${issuer.token()}; lang=en`

    for (const headers of await reached('gateway', BARE, { cookie })) {
      expect(headers['x-auth-request-user']).toBe('issuer:ada')
      expect(headers.cookie).toBe('theme=dark; lang=en')
    }
  })

  it('that is the only cookie is removed with the header', async () => {
    for (const headers of await reached('gateway', BARE, { cookie: `session=${issuer.token()}` })) {
      expect(headers['x-auth-request-user']).toBe('issuer:ada')
      expect(headers).not.toHaveProperty('cookie')
    }
  })

  it('in two places is removed from both', async () => {
    const both = { ...ALICE, authorization: `Bearer ${KEYS.alice}` }

    for (const headers of await reached('gateway', BARE, both)) {
      expect(headers).not.toHaveProperty('x-api-key')
      expect(headers).not.toHaveProperty('authorization')
    }
  })
})
