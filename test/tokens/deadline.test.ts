import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failClosed } from '../../src/access/fail-closed.ts'
import { type Engine, openEngine } from '../../src/app/engine.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { type EnvoyServer, serveChecks } from '../../src/envoy/server.ts'
import {
  aCheck,
  type CheckClient,
  checkClient,
  denialIn,
  isAllowed,
} from '../../testing/envoy/check-client.ts'
import {
  createSigner,
  goodClaims,
  type OidcIssuer,
  startOidcIssuer,
} from '../../testing/issuers/oidc-issuer.ts'

const MANIFESTS = path.join(import.meta.dirname, '../../examples/identity-providers/manifests')
const DEADLINE_MS = 20

const known = createSigner()
const next = createSigner()
let issuer: OidcIssuer
let engine: Engine
let server: EnvoyServer
let client: CheckClient

beforeAll(async () => {
  issuer = await startOidcIssuer({ signer: known })
  const provider = {
    name: 'dex',
    issuer: issuer.issuer,
    jwksUri: issuer.jwksUri,
    audiences: ['models'],
    rbac: {
      username: { claim: 'sub', prefix: 'dex:' },
      groups: { claim: 'groups', prefix: 'dex:' },
    },
  }
  engine = await openEngine({
    config: readConfig({
      env: { KSERVE_AUTHZ_JWT_PROVIDERS: JSON.stringify([provider]) },
      flags: { manifests: MANIFESTS },
    }),
    manifests: MANIFESTS,
    reportProblem: () => {},
    reportFault: () => {},
    reportOutage: () => {},
  })
  server = await serveChecks(
    { position: 'gateway', address: '127.0.0.1:0' },
    {
      authorize: failClosed(engine.authorize, () => {}),
      encode: engine.encode,
      observe: () => {},
      report: () => {},
      deadlineMs: DEADLINE_MS,
    },
  )
  client = checkClient(server.port)
})

afterAll(async () => {
  client.close()
  await server.close(0)
  await engine.close()
  await issuer.stop()
})

const claims = () => ({ ...goodClaims(issuer.issuer), groups: ['ml-team'] })
const ask = (token: string) =>
  client.check(
    aCheck({
      host: 'churn-ml.apps.example.com',
      path: '/v1/models/churn:predict',
      headers: { authorization: `Bearer ${token}` },
    }),
  )
const allowed = async (token: string) => isAllowed(await ask(token))

describe('while an issuer is slow', () => {
  it('the answer is sent at the deadline, the shared look-up continues, and a retry succeeds', async () => {
    await expect.poll(() => allowed(known.sign(claims()))).toBe(true)
    issuer.publish(known.jwk, next.jwk)
    const answer = issuer.hold()
    const token = next.sign(claims())
    const late = await Promise.all([ask(token), ask(token), ask(next.sign(claims()))])

    expect(late.map((reply) => denialIn(reply).httpStatus)).toEqual([503, 503, 503])
    expect(denialIn(late[0]).headers['x-ext-auth-reason']).toBe('no answer in time')
    const other = known.sign({ ...claims(), jti: 'new' })
    await expect.poll(() => allowed(other)).toBe(true)
    expect(issuer.asked().fetches).toBe(2)

    answer()
    await expect.poll(() => allowed(token)).toBe(true)
    expect(issuer.asked().fetches).toBe(2)
  })
})
